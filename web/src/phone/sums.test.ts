import { describe, expect, it } from 'vitest'
import { leftOf, netOf, sums } from './sums'

const payment = (held: string, due: string, paid: string, currency = 'USD') => ({ held, due, paid, currency })
const worth = (held: string, due: string, paid: string, lines: string[] = []) =>
  ({ held, due, paid, fee: '14.00', lines: lines.map((amount) => ({ amount })) }) as Parameters<typeof netOf>[0]

describe('money', () => {
  it('is added by currency, to the cent', () => {
    const all = [payment('0.10', '0.20', '0.00'), payment('0.20', '0.10', '9.99'), payment('5.00', '0', '0', 'CAD')]
    expect(sums(all)).toEqual([
      { currency: 'CAD', held: '5.00', due: '0.00', paid: '0.00' },
      { currency: 'USD', held: '0.30', due: '0.30', paid: '9.99' },
    ])
  })

  it('of one job is what is due or paid, else what is claimed without our fee, else what is set aside', () => {
    expect(netOf(worth('0.00', '126.00', '0.00', ['140.00']))).toBe('126.00')
    expect(netOf(worth('10.00', '50.00', '76.00', ['140.00']))).toBe('126.00')
    expect(netOf(worth('140.00', '0.00', '0.00', ['100.00', '40.00']))).toBe('126.00')
    expect(netOf(worth('140.00', '0.00', '0.00'))).toBe('140.00')
  })
})

describe('what may still be claimed on top', () => {
  const listed = [
    { code: 'parking', kind: 'expense' as const, cap: '15.00', rate: null },
    { code: 'late', kind: 'penalty' as const, cap: '20.00', rate: null },
    { code: 'travel_mile', kind: 'travel' as const, cap: null, rate: '0.67' },
  ]
  const extra = (code: string, amount: string, state: string) => ({
    id: code,
    code,
    kind: 'expense',
    amount,
    state,
    units: null,
    file: null,
    reason: null,
    awarded: null,
  })

  it('is an expense up to its cap, and the way once; what was refused does not count', () => {
    expect(
      leftOf({ listed, extras: [extra('parking', '9.10', 'asked'), extra('parking', '5.00', 'refused')] }),
    ).toEqual([
      { code: 'parking', kind: 'expense', most: '5.90' },
      { code: 'travel_mile', kind: 'travel', rate: '0.67' },
    ])
    const full = [extra('parking', '15.00', 'approved'), extra('travel_mile', '20.10', 'asked')]
    expect(leftOf({ listed, extras: full })).toEqual([])
  })
})
