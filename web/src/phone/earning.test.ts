import { expect, it } from 'vitest'
import { hourlySum, plannedSum } from './earning'

const work = (kind: 'fixed' | 'hourly', amount: string) => ({
  pay: { kind, amount, currency: 'USD' },
  duration_min: 90,
  travel_s: 900,
})

it('counts the way there and back as time', () => {
  expect(hourlySum(work('fixed', '140.00'))).toBe(70)
})

it('multiplies a rate by the planned time', () => {
  expect(plannedSum(work('hourly', '60.00'))).toBe(90)
  expect(hourlySum(work('hourly', '60.00'))).toBe(45)
})
