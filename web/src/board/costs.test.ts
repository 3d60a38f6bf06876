import { describe, expect, it } from 'vitest'
import { beyond, canOverride, type Reason } from './costs'

const at = (travel_s: number, amount: string, currency = 'USD') => ({ travel_s, cost: { amount, currency } })
const reason = (code: string, may_override: boolean): Reason => ({
  code,
  words: code,
  num_technicians: 1,
  count: '1',
  is_locked: false,
  may_override,
})

describe('what one costs beyond the best', () => {
  it('is the drive and the pay, each only where there is something to say', () => {
    expect(beyond(at(2400, '180.50'), at(900, '140'))).toEqual({
      moreS: 1500,
      more: { amount: '40.50', currency: 'USD' },
    })
    expect(beyond(at(900, '140.00'), at(900, '140'))).toEqual({ moreS: 0, more: undefined })
    expect(beyond(at(300, '130'), at(900, '140'))).toEqual({ moreS: 0, more: { amount: '-10.00', currency: 'USD' } })
    expect(beyond(at(300, '130', 'CAD'), at(900, '140'))).toEqual({ moreS: 0, more: undefined })
    expect(beyond(at(300, '130'), undefined)).toEqual({ moreS: 0, more: undefined })
  })
})

describe('what may be set aside', () => {
  it('is all that says no, or nothing', () => {
    expect(canOverride([reason('level', true), reason('area', true)])).toBe(true)
    expect(canOverride([reason('level', true), reason('screening', false)])).toBe(false)
    expect(canOverride([])).toBe(false)
  })
})
