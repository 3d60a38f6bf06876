// What does the draft ask for, in the API's words? And what is still missing?
import type { ReachQuery, Schemas } from '../../server/api'
import { clock } from '../../time/clock'
import { dayAfter } from '../../time/format'
import type { Draft } from './draft'
import { instantOf } from './instant'

export type Window = { start_at: string; end_at: string }

/** What is still to be said, by the field that says it. */
export type Missing =
  | 'title'
  | 'number'
  | 'place'
  | 'address'
  | 'skipped'
  | 'short'
  | 'past'
  | 'amount'
  | 'cap'
  | 'blended'
  | 'pools'

const isSum = (text: string): boolean => /^\d{1,7}([.,]\d{1,2})?$/.test(text.trim()) && Number(sum(text)) > 0
const isNumber = (text: string): boolean => /^\d{1,4}([.,]\d{1,2})?$/.test(text.trim()) && Number(sum(text)) > 0
export const sum = (text: string): string => text.trim().replace(',', '.')

/** From when until when; nothing where the clocks of the place skip a time. */
export function windowOf(draft: Draft): Window | undefined {
  if (draft.isAsap) {
    const now = Math.ceil(clock.now() / 60_000) * 60_000
    const most = Math.max(draft.withinHours * 60, draft.durationMin)
    return { start_at: new Date(now).toISOString(), end_at: new Date(now + most * 60_000).toISOString() }
  }
  const start = instantOf(draft.day, draft.from, draft.zone)
  const end = instantOf(dayAfter(draft.day, draft.untilDays), draft.to, draft.zone)
  return start && end ? { start_at: start, end_at: end } : undefined
}

function missingTime(draft: Draft): Missing[] {
  if (!draft.day) return ['skipped']
  const window = windowOf(draft)
  if (window === undefined) return ['skipped']
  const room = Date.parse(window.end_at) - Date.parse(window.start_at)
  if (Date.parse(window.end_at) <= clock.now()) return ['past']
  return room < draft.durationMin * 60_000 ? ['short'] : []
}

function missingPay(draft: Draft): Missing[] {
  const missing: Missing[] = isSum(draft.amount) ? [] : ['amount']
  if (draft.payWay === 'hourly' && draft.capHours && !isNumber(draft.capHours)) missing.push('cap')
  if (draft.payWay === 'device' && !/^[1-9]\d{0,3}$/.test(draft.devices.trim())) missing.push('cap')
  if (draft.payWay === 'blended' && !(isNumber(draft.fixedHours) && isSum(draft.thenHourly))) missing.push('blended')
  return missing
}

const isPlaced = (draft: Draft): boolean =>
  draft.placeKind === 'site' ? draft.siteId !== '' : draft.place.lat !== null && draft.place.lng !== null

export function missing(draft: Draft): Missing[] {
  const found: Missing[] = []
  if (!draft.title.trim()) found.push('title')
  if (!draft.number.trim()) found.push('number')
  if (!isPlaced(draft)) found.push('place')
  else if (draft.placeKind !== 'site' && !draft.place.address.trim()) found.push('address')
  found.push(...missingTime(draft), ...missingPay(draft))
  if (!draft.market && draft.pools.length === 0) found.push('pools')
  return found
}

/** What is paid for the visit: by the device, so much for all that are expected. */
function amountOf(draft: Draft): string {
  if (draft.payWay !== 'device') return sum(draft.amount)
  return (Number(sum(draft.amount)) * Number(draft.devices)).toFixed(2)
}

function ratesOf(draft: Draft): Record<string, string> | undefined {
  if (draft.payWay === 'hourly' && draft.capHours) return { cap_h: sum(draft.capHours) }
  if (draft.payWay === 'device') return { per_device: sum(draft.amount) }
  if (draft.payWay === 'blended') return { fixed_h: sum(draft.fixedHours), then_hourly: sum(draft.thenHourly) }
  return undefined
}

/** What `GET /v1/reach` is asked; nothing while place or time are not said. */
export function reachQuery(draft: Draft): ReachQuery | undefined {
  const window = windowOf(draft)
  if (window === undefined || !isPlaced(draft) || missingTime(draft).length > 0) return undefined
  if (!draft.market && draft.pools.length === 0) return undefined
  const { lat, lng } = draft.place
  return {
    ...(draft.placeKind === 'site' ? { site_id: draft.siteId } : { lat, lng }),
    ...window,
    duration_min: draft.durationMin,
    asked_time: draft.isAsap ? ('asap' as const) : ('window' as const),
    skill: Object.entries(draft.skills).map(([code, level]) => `${code}:${level}`),
    credential: draft.credentials,
    clearance: draft.clearance,
    pool: draft.pools,
    market: draft.market,
    pay_kind: draft.payWay === 'hourly' ? ('hourly' as const) : ('fixed' as const),
    ...(isSum(draft.amount) ? { amount: amountOf(draft) } : {}),
    ...(draft.reachKm === null ? {} : { reach_km: draft.reachKm }),
  }
}

const OF_WORK: readonly Missing[] = ['title', 'amount', 'cap', 'blended', 'pools']

/** What is missing whatever the number, the place and the time: a template is kept without these. */
export const missingWork = (draft: Draft): Missing[] => missing(draft).filter((each) => OF_WORK.includes(each))

/** What is to be done, whatever its number, place and time: what a template keeps, as far as it is typed here. */
export function workOf(draft: Draft) {
  const rates = ratesOf(draft)
  return {
    title: draft.title.trim(),
    description: draft.description,
    job_type: draft.job_type.trim() || 'service',
    duration_min: draft.durationMin,
    priority: draft.priority,
    mode: draft.mode || null,
    budget: draft.budget || null,
    policy: draft.reachKm === null ? {} : { reach_km: draft.reachKm },
    day_policy: rates ? { rates } : {},
    slots: [
      {
        role: 'technician',
        count: 1,
        is_observer: false,
        needs: {
          skills: draft.skills,
          credentials: draft.credentials,
          clearance: draft.clearance,
          pools: draft.pools,
          market: draft.market,
        },
        pay: { kind: draft.payWay === 'hourly' ? 'hourly' : 'fixed', amount: amountOf(draft), currency: 'USD' },
      },
    ],
  } satisfies Partial<Schemas['TemplateIn']['job']>
}

/** The job to post at a site. */
export function jobOf(draft: Draft, siteId: string): Schemas['JobIn'] {
  return { ...workOf(draft), ...ownOf(draft, siteId), ...ofThisTime(draft), is_draft: false }
}

/** Number, place and time: what no template has. */
export const ownOf = (draft: Draft, siteId: string) => ({
  number: draft.number.trim(),
  site_id: siteId,
  window: windowOf(draft) as Window,
})

/** How the time is meant, and why this one may go beyond its budget. */
export const ofThisTime = (draft: Draft) => ({
  asked_time: draft.isAsap ? ('asap' as const) : ('window' as const),
  budget_reason: (draft.budget && draft.budgetReason.trim()) || null,
})
