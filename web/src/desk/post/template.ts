// What does a template say of a job? Whatever it names replaces what was typed; place, time and number are the draft's own.
// And what was typed since? Only that goes along when it is posted: all else that a template keeps, and that no field here
// shows (checklists, texts for the cleared, waves, further people), stays as it is.
import { workOf } from './asking'
import { type Draft, emptyDraft, type PayWay } from './draft'

type Needs = {
  skills?: Record<string, number>
  credentials?: string[]
  clearance?: boolean
  pools?: string[]
  market?: boolean
}

export type Work = {
  title?: string
  job_type?: string
  description?: string
  duration_min?: number
  priority?: number
  mode?: Draft['mode'] | null
  budget?: string | null
  policy?: Record<string, unknown>
  day_policy?: { rates?: Record<string, string | null> } & Record<string, unknown>
  slots?: readonly {
    count?: number
    needs?: Needs
    pay?: { kind?: string; amount?: string; currency?: string }
  }[]
}

const text = (value: unknown): string =>
  value === undefined || value === null ? '' : String(value).replace(/\.00$/, '')

export function fill(draft: Draft, document: Record<string, unknown>): void {
  const work = document as Work
  draft.title = work.title ?? draft.title
  draft.job_type = work.job_type ?? draft.job_type
  draft.description = work.description ?? draft.description
  draft.durationMin = work.duration_min ?? draft.durationMin
  draft.priority = work.priority ?? draft.priority
  draft.mode = work.mode ?? ''
  draft.budget = work.budget ?? ''
  draft.reachKm = typeof work.policy?.reach_km === 'number' ? work.policy.reach_km : null
  const [slot] = work.slots ?? []
  fillNeeds(draft, slot?.needs ?? {})
  fillPay(draft, slot?.pay ?? {}, work.day_policy?.rates ?? {})
}

function fillNeeds(draft: Draft, needs: Needs): void {
  draft.skills = { ...needs.skills }
  draft.credentials = [...(needs.credentials ?? [])]
  draft.clearance = needs.clearance ?? false
  draft.pools = [...(needs.pools ?? [])]
  draft.market = needs.market ?? true
}

function fillPay(draft: Draft, pay: { kind?: string; amount?: string }, rates: Record<string, string | null>): void {
  const way: PayWay = rates.per_device
    ? 'device'
    : rates.then_hourly
      ? 'blended'
      : pay.kind === 'hourly'
        ? 'hourly'
        : 'fixed'
  draft.payWay = way
  draft.amount = text(way === 'device' ? rates.per_device : pay.amount)
  draft.capHours = text(rates.cap_h)
  draft.fixedHours = text(rates.fixed_h) || draft.fixedHours
  draft.thenHourly = text(rates.then_hourly)
  if (way === 'device') draft.devices = String(Math.max(1, Math.round(Number(pay.amount) / Number(rates.per_device))))
}

type Typed = ReturnType<typeof workOf>
type Kept = Record<string, unknown> & Work

const RATES = ['cap_h', 'per_device', 'devices', 'fixed_h', 'then_hourly']

/** Fields of the template's job in place of which something else was typed, as posting takes them. */
export function changesOf(draft: Draft, document: Record<string, unknown>): Record<string, unknown> {
  const untouched = emptyDraft()
  fill(untouched, document)
  const [typed, before] = [workOf(draft), workOf(untouched)]
  const names = (Object.keys(typed) as (keyof Typed)[]).filter(
    (name) => JSON.stringify(typed[name]) !== JSON.stringify(before[name]),
  )
  const whole = wholeOf(typed, document as Kept)
  return Object.fromEntries(names.map((name) => [name, whole[name]]))
}

/** What was typed, with what the template says beside it in the same field. */
function wholeOf(typed: Typed, kept: Kept): Record<keyof Typed, unknown> {
  const { reach_km: _, ...policy } = kept.policy ?? {}
  const rates = Object.entries(kept.day_policy?.rates ?? {}).filter(([name]) => !RATES.includes(name))
  const all = { ...Object.fromEntries(rates), ...('rates' in typed.day_policy ? typed.day_policy.rates : {}) }
  const [first, ...others] = kept.slots ?? []
  const [slot] = typed.slots
  return {
    ...typed,
    policy: { ...policy, ...typed.policy },
    day_policy: { ...kept.day_policy, rates: all },
    slots: [
      {
        ...slot,
        ...first,
        needs: slot?.needs,
        pay: { ...slot?.pay, ...first?.pay, kind: slot?.pay.kind, amount: slot?.pay.amount },
      },
      ...others,
    ],
  }
}
