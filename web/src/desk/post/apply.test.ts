import { describe, expect, it } from 'vitest'
import { canTake, isMore, take, takeWhatIf } from './apply'
import { emptyDraft } from './draft'

const change = (kind: string, more: object) => ({
  kind,
  words: '',
  subject: '',
  before: '',
  after: '',
  num_more: 5,
  is_exact: true,
  currency: '',
  text: '',
  ...more,
})

describe('a way on', () => {
  it('changes the terms that it names, and no other', () => {
    const draft = { ...emptyDraft(), skills: { hvac: 5, wifi: 2 }, market: false, day: '2027-03-31' }
    take(draft, change('level', { subject: 'hvac', after: '3' }))
    expect(draft.skills).toEqual({ hvac: 3, wifi: 2 })
    take(draft, change('skill', { subject: 'wifi' }))
    expect(draft.skills).toEqual({ hvac: 3 })
    take(draft, change('market', {}))
    expect(draft.market).toBe(true)
    takeWhatIf(draft, { kind: 'day_later', km: null, num_in_reach: 9, num_may: 9 }, 160)
    expect(draft.day).toBe('2027-04-01')
    expect(draft.reachKm).toBe(null)
    takeWhatIf(draft, { kind: 'wider', km: 16.1, num_in_reach: 9, num_may: 9 }, 160)
    takeWhatIf(draft, { kind: 'wider', km: 16.1, num_in_reach: 9, num_may: 9 }, 176.1)
    expect(draft.reachKm).toBe(192.2)
    expect(canTake(change('call', {}))).toBe(false)
    // A pay that is not told, because few people want it, cannot be taken.
    expect(canTake(change('pay', { after: '' }))).toBe(false)
  })

  it('is offered where it lets more do it, and where both are too few to say', () => {
    expect([isMore(0), isMore(0, 0), isMore(8, 8), isMore(null, 8)]).toEqual([false, false, false, false])
    expect([isMore(9, 8), isMore(5, null), isMore(null), isMore(null, null)]).toEqual([true, true, true, true])
  })

  it('raises what is paid by the device until all devices are worth it', () => {
    const draft = { ...emptyDraft(), payWay: 'device' as const, amount: '10', devices: '3' }
    take(draft, change('pay', { after: '100.00' }))
    expect(draft.amount).toBe('33.34')
  })
})
