// Is every way of pay told as what it is, and nothing that was not agreed?
import { expect, it } from 'vitest'
import { amountAt, figureOf, linesOf } from './rates'

const NONE = {
  ...{ minimum_h: '0', cap_h: null, fixed_h: null, then_hourly: null, per_device: null, extras: [] },
  ...{ travel_flat: '0', travel_mile: '0', travel_hour: '0', day_from: '07:00', day_to: '19:00' },
  ...{ after_hours_share: '0', weekend_share: '0', holiday_share: '0' },
}
const FIXED = { kind: 'fixed', amount: '140.00' }
const HOURLY = { kind: 'hourly', amount: '45.00' }

it.each([
  [FIXED, {}, [{ kind: 'fixed', sum: '140.00' }]],
  // A minimum is of hours: what is fixed has none.
  [FIXED, { minimum_h: '2' }, [{ kind: 'fixed', sum: '140.00' }]],
  [FIXED, { per_device: '35.00', devices: '4' }, [{ kind: 'device', sum: '35.00', num: 4 }]],
  // Paid otherwise than it was posted: what was agreed counts.
  [FIXED, { per_device: '25.00', devices: '4' }, [{ kind: 'device', sum: '35.00', num: 4 }]],
  [
    FIXED,
    { fixed_h: '2', then_hourly: '50.00', cap_h: '4' },
    [
      { kind: 'blended', sum: '140.00', hours: 2, beyond: '50.00' },
      { kind: 'cap', hours: 4 },
    ],
  ],
  [HOURLY, { per_device: '25.00' }, [{ kind: 'hourly', sum: '45.00' }]],
  [FIXED, { fixed_h: '2', then_hourly: '50.00' }, [{ kind: 'blended', sum: '140.00', hours: 2, beyond: '50.00' }]],
  [HOURLY, {}, [{ kind: 'hourly', sum: '45.00' }]],
  [
    HOURLY,
    { cap_h: '6', minimum_h: '2.5' },
    [
      { kind: 'hourly', sum: '45.00' },
      { kind: 'cap', hours: 6 },
      { kind: 'minimum', hours: 2.5 },
    ],
  ],
])('%j with %j', (pay, rates, lines) => {
  expect(linesOf(pay, { ...NONE, ...rates })).toEqual(lines)
})

it.each([
  [FIXED, {}, 'fixed', '140.00', '150.00'],
  [HOURLY, { per_device: '25.00' }, 'hourly', '45.00', '150.00'],
  [FIXED, { fixed_h: '2', then_hourly: '50.00' }, 'blended', '140.00', '150.00'],
  [FIXED, { per_device: '25.00', devices: '4' }, 'device', '35.00', '600.00'],
  [FIXED, { per_device: '35.00' }, 'device', '35.00', '600.00'],
])('%j with %j is agreed on by its %s', (pay, rates, kind, sum, at) => {
  const figure = figureOf(pay, { ...NONE, ...rates })
  expect([figure.kind, figure.sum, amountAt(figure, '150')]).toEqual([kind, sum, at])
})

it('tells the way, odd hours and what is listed', () => {
  const extra = { code: 'parking', kind: 'expense', cap: '15.00' }
  const shares = { after_hours_share: '0.5', weekend_share: '0.25', holiday_share: '1' }
  const lines = linesOf(FIXED, { ...NONE, ...shares, travel_flat: '30', travel_mile: '0.67', extras: [extra] })
  expect(lines.slice(1)).toEqual([
    { kind: 'flat', sum: '30' },
    { kind: 'mile', sum: '0.67' },
    { kind: 'afterHours', share: 0.5, from: '07:00', to: '19:00' },
    { kind: 'weekend', share: 0.25 },
    { kind: 'holiday', share: 1 },
    { kind: 'extra', extra },
  ])
})

it('says nothing of rates that an older phone kept none of', () => {
  expect(linesOf(FIXED, {})).toEqual([{ kind: 'fixed', sum: '140.00' }])
})
