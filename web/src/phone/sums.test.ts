import { describe, expect, it } from 'vitest'
import { feeOf, leftOf, sums } from './sums'

const payment = (net: string, due: string, paid: string, currency = 'USD') => ({ net, due, paid, currency })
const worth = (state: 'held' | 'disputed' | 'due', fee: string, net: string, ...lines: string[]) =>
  ({ state, fee, net, due: '0.00', paid: '0.00', lines: lines.map((amount) => ({ amount })) }) as Parameters<
    typeof feeOf
  >[0]

describe('money', () => {
  it('is added by currency, to the cent; set aside is what is still to come', () => {
    const all = [payment('0.30', '0.20', '0.00'), payment('10.29', '0.10', '9.99'), payment('5.00', '0', '0', 'CAD')]
    expect(sums(all)).toEqual([
      { currency: 'CAD', held: '5.00', due: '0.00', paid: '0.00' },
      { currency: 'USD', held: '0.30', due: '0.30', paid: '9.99' },
    ])
  })

  it('has our fee off before anybody approved it, as the offer said', () => {
    expect(feeOf(worth('held', '0.00', '126.00', '100.00', '40.00'))).toBe('14.00')
    expect(feeOf(worth('disputed', '7.00', '126.00', '140.00'))).toBe('14.00')
    // A part was awarded: the lines tell what was claimed.
    expect(feeOf(worth('due', '10.50', '94.50', '140.00'))).toBe('10.50')
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
