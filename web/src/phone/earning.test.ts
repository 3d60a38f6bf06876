import { expect, it } from 'vitest'
import { hourlySum } from './earning'

const work = (net: string) => ({
  pay_terms: { gross: '999.00', fee: '0.00', net, currency: 'USD', pay_after_days: null, rates: {} },
  duration_min: 90,
  travel_s: 900,
})

it('is what is left of the pay, the way there and back counted as time', () => {
  expect(hourlySum(work('140.00'))).toBe(70)
})
