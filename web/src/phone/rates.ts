// How is the work paid, and what comes on top or off? Each thing that holds for an offer, in the order people ask.

/** As the API tells them; what is not agreed is 0 or empty. */
export type Rates = Readonly<Record<string, unknown>>

export type Extra = { readonly code: string; readonly kind: string; readonly cap: string }

export type Line =
  | { readonly kind: 'fixed' | 'hourly' | 'device' | 'flat' | 'mile' | 'hour'; readonly sum: string }
  | { readonly kind: 'blended'; readonly sum: string; readonly hours: number; readonly beyond: string }
  | { readonly kind: 'cap' | 'minimum'; readonly hours: number }
  | { readonly kind: 'afterHours'; readonly share: number; readonly from: string; readonly to: string }
  | { readonly kind: 'weekend' | 'holiday'; readonly share: number }
  | { readonly kind: 'extra'; readonly extra: Extra }

const num = (value: unknown): number => Number(value ?? 0) || 0

function work(pay: { kind: string; amount: string }, rates: Rates): Line[] {
  if (pay.kind === 'hourly') {
    const cap = num(rates.cap_h)
    return [{ kind: 'hourly', sum: pay.amount }, ...(cap > 0 ? [{ kind: 'cap', hours: cap } as const] : [])]
  }
  if (num(rates.per_device) > 0) return [{ kind: 'device', sum: String(rates.per_device) }]
  if (num(rates.fixed_h) > 0) {
    return [{ kind: 'blended', sum: pay.amount, hours: num(rates.fixed_h), beyond: String(rates.then_hourly) }]
  }
  return [{ kind: 'fixed', sum: pay.amount }]
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

export function linesOf(pay: { kind: string; amount: string }, rates: Rates): Line[] {
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
