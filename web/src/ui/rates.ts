// How is the work paid, and what comes on top or off? Each thing that holds for an offer, in the order people ask.

/** As the API tells them; what is not agreed is 0 or empty. */
export type Rates = Readonly<Record<string, unknown>>

export type Extra = { readonly code: string; readonly kind: string; readonly cap: string }

export type Line =
  | { readonly kind: 'fixed' | 'hourly' | 'flat' | 'mile' | 'hour'; readonly sum: string }
  | { readonly kind: 'device'; readonly sum: string; readonly num: number }
  | { readonly kind: 'blended'; readonly sum: string; readonly hours: number; readonly beyond: string }
  | { readonly kind: 'cap' | 'minimum'; readonly hours: number }
  | { readonly kind: 'afterHours'; readonly share: number; readonly from: string; readonly to: string }
  | { readonly kind: 'weekend' | 'holiday'; readonly share: number }
  | { readonly kind: 'extra'; readonly extra: Extra }

const num = (value: unknown): number => Number(value ?? 0) || 0

type Pay = { readonly kind: string; readonly amount: string }

/** What is agreed on in a pay: the sum, the rate of an hour, the fixed part, or what each of `num` devices is paid. */
export type Figure = {
  readonly kind: 'fixed' | 'hourly' | 'device' | 'blended'
  readonly sum: string
  readonly num: number
}

const inCents = (text: string): number => Math.round(Number(text) * 100)

/** By the device: the share of each one that is expected. */
export function figureOf(pay: Pay, rates: Rates): Figure {
  if (pay.kind === 'hourly') return { kind: 'hourly', sum: pay.amount, num: 1 }
  const each = num(rates.per_device)
  if (each > 0) {
    const devices = num(rates.devices) || Math.max(1, Math.floor(inCents(pay.amount) / inCents(String(each))))
    return { kind: 'device', sum: (inCents(pay.amount) / devices / 100).toFixed(2), num: devices }
  }
  return { kind: num(rates.fixed_h) > 0 ? 'blended' : 'fixed', sum: pay.amount, num: 1 }
}

/** The pay's amount where its figure is this sum. */
export const amountAt = (figure: Figure, sum: string): string => ((inCents(sum) * figure.num) / 100).toFixed(2)

function work(pay: Pay, rates: Rates): Line[] {
  const { kind, sum, num: devices } = figureOf(pay, rates)
  if (kind === 'fixed') return [{ kind, sum }]
  if (kind === 'device') return [{ kind, sum, num: devices }]
  const cap = num(rates.cap_h) > 0 ? [{ kind: 'cap', hours: num(rates.cap_h) } as const] : []
  if (kind === 'hourly') return [{ kind, sum }, ...cap]
  return [{ kind, sum, hours: num(rates.fixed_h), beyond: String(rates.then_hourly) }, ...cap]
}

function travel(rates: Rates): Line[] {
  const ways = { travel_flat: 'flat', travel_mile: 'mile', travel_hour: 'hour' } as const
  return Object.entries(ways).flatMap(([name, kind]) =>
    num(rates[name]) > 0 ? [{ kind, sum: String(rates[name]) }] : [],
  )
}

function oddHours(rates: Rates): Line[] {
  const [after, weekend, holiday] = [rates.after_hours_share, rates.weekend_share, rates.holiday_share].map(num)
  const lines: Line[] = []
  if (after) lines.push({ kind: 'afterHours', share: after, from: String(rates.day_from), to: String(rates.day_to) })
  if (weekend) lines.push({ kind: 'weekend', share: weekend })
  if (holiday) lines.push({ kind: 'holiday', share: holiday })
  return lines
}

export function linesOf(pay: Pay, rates: Rates): Line[] {
  const minimum = pay.kind === 'hourly' ? num(rates.minimum_h) : 0
  const extras = Array.isArray(rates.extras) ? (rates.extras as Extra[]) : []
  return [
    ...work(pay, rates),
    ...(minimum > 0 ? [{ kind: 'minimum', hours: minimum } as const] : []),
    ...travel(rates),
    ...oddHours(rates),
    ...extras.map((extra) => ({ kind: 'extra', extra }) as const),
  ]
}
