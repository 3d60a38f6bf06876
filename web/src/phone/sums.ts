// What does a technician's money come to? Set aside, due, paid; and what of one job is theirs.
import type { Schemas } from '../server/api'

type Payment = Schemas['PaymentOut']

export type Sums = { currency: string; held: string; due: string; paid: string }

type Stood = Pick<Payment, 'currency' | 'net' | 'due' | 'paid'>

/** What is set aside, due and paid, our fee off, by currency; in cents, so that no sum is off by one. */
export function sums(all: readonly Stood[]): Sums[] {
  const add = (currency: string, of: (payment: Stood) => number) => {
    const cents = all.filter((each) => each.currency === currency).map(of)
    return inUnits(cents.reduce((one, other) => one + other, 0))
  }
  const currencies = [...new Set(all.map((each) => each.currency))].sort()
  return currencies.map((currency) => ({
    currency,
    held: add(currency, toCome),
    due: add(currency, (each) => inCents(each.due)),
    paid: add(currency, (each) => inCents(each.paid)),
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

type Worth = Pick<Payment, 'state' | 'due' | 'paid' | 'fee' | 'net' | 'lines'>

const inCents = (text: string): number => Math.round(Number(text) * 100)
const inUnits = (cents: number): string => (cents / 100).toFixed(2)

/** What is still to come of one job, our fee off. */
const toCome = (payment: Pick<Payment, 'net' | 'due' | 'paid'>): number =>
  inCents(payment.net) - inCents(payment.due) - inCents(payment.paid)

/** Our fee of what is claimed: taken, and what will be of the rest. */
export function feeOf(payment: Worth): string {
  if (payment.state !== 'held' && payment.state !== 'disputed') return payment.fee
  const claimed = payment.lines.reduce((sum, line) => sum + inCents(line.amount), 0)
  return inUnits(Math.max(0, claimed - inCents(payment.net)))
}
