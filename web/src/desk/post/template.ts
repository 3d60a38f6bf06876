// What does a template say of a job? Whatever it names replaces what was typed; place, time and number are the draft's own.
import type { Draft, PayWay } from './draft'

type Needs = {
  skills?: Record<string, number>
  credentials?: string[]
  clearance?: boolean
  pools?: string[]
  market?: boolean
}

type Work = {
  title?: string
  job_type?: string
  description?: string
  duration_min?: number
  priority?: number
  mode?: Draft['mode'] | null
  day_policy?: { rates?: Record<string, string | null> }
  slots?: readonly {
    needs?: Needs
    pay?: { kind?: string; amount?: string }
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
