// What does a technician's money come to? Set aside, due, paid; and what of one job is theirs.
import type { Schemas } from '../server/api'

type Payment = Schemas['PaymentOut']

export type Sums = { currency: string; held: string; due: string; paid: string }

/** What is set aside, due and paid, by currency; in cents, so that no sum is off by one. */
export function sums(all: readonly Pick<Payment, 'currency' | 'held' | 'due' | 'paid'>[]): Sums[] {
  const add = (currency: string, name: 'held' | 'due' | 'paid') => {
    const cents = all.filter((each) => each.currency === currency).map((each) => Math.round(Number(each[name]) * 100))
    return (cents.reduce((one, other) => one + other, 0) / 100).toFixed(2)
  }
  const currencies = [...new Set(all.map((each) => each.currency))].sort()
  return currencies.map((currency) => ({
    currency,
    held: add(currency, 'held'),
    due: add(currency, 'due'),
    paid: add(currency, 'paid'),
  }))
}

/** What may still be asked for on top: an expense up to so much, a way at its rate. */
export type Left = { code: string; kind: 'expense' | 'travel'; most?: string; rate?: string }

export function leftOf(payment: Pick<Payment, 'listed' | 'extras'>): Left[] {
  const asked = (code: string) => payment.extras.filter((each) => each.code === code && each.state !== 'refused')
  return payment.listed.flatMap(({ code, kind, cap, rate }): Left[] => {
    const given = asked(code)
    if (kind === 'travel') return given.length > 0 || !rate ? [] : [{ code, kind, rate }]
    const cents =
      Math.round(Number(cap) * 100) - given.reduce((sum, each) => sum + Math.round(Number(each.amount) * 100), 0)
    return kind === 'expense' && cents > 0 ? [{ code, kind, most: (cents / 100).toFixed(2) }] : []
  })
}

/** What comes to the technician of it: what is due or paid, and before that what is claimed, or set aside. */
export function netOf(payment: Pick<Payment, 'held' | 'due' | 'paid' | 'fee' | 'lines'>): string {
  const settled = Number(payment.due) + Number(payment.paid)
  if (settled > 0) return settled.toFixed(2)
  const claimed = payment.lines.reduce((sum, line) => sum + Number(line.amount), 0)
  return Math.max(0, claimed > 0 ? claimed - Number(payment.fee) : Number(payment.held)).toFixed(2)
}
