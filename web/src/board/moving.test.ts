import { describe, expect, it } from 'vitest'
import type { Verdict } from './costs'
import { meaningOf, shifted, snapped } from './moving'

const verdict = (may: boolean, ...may_override: boolean[]): Verdict => ({
  may,
  isInReach: true,
  reasons: may_override.map((each) => ({
    code: 'level',
    words: '',
    num_technicians: 1,
    count: '1',
    is_locked: !each,
    may_override: each,
  })),
  numMay: 0,
  moreS: 0,
  more: undefined,
})
const held = { holder: '', over: 'anna', isMoved: false, verdict: verdict(true), hasYes: false }

describe('what a drop means', () => {
  it('follows from who has it, over whom it is held, when, and what the rules say', () => {
    expect(meaningOf(held)).toBe('ask')
    expect(meaningOf({ ...held, hasYes: true })).toBe('give')
    expect(meaningOf({ ...held, isMoved: true, hasYes: true })).toBe('move_and_ask')
    expect(meaningOf({ ...held, over: '' })).toBe('nothing')
    expect(meaningOf({ ...held, over: '', isMoved: true })).toBe('move')
    expect(meaningOf({ ...held, verdict: undefined })).toBe('wait')
  })
  it('is never beyond a rule that nobody sets aside', () => {
    expect(meaningOf({ ...held, verdict: verdict(false, true) })).toBe('override')
    expect(meaningOf({ ...held, verdict: verdict(false, true, false) })).toBe('may_not')
    expect(meaningOf({ ...held, verdict: { ...verdict(false), isInReach: false } })).toBe('may_not')
  })
  it('takes nothing from somebody who has it', () => {
    const theirs = { ...held, holder: 'anna', verdict: undefined }
    expect(meaningOf({ ...theirs, over: 'omar' })).toBe('is_theirs')
    expect(meaningOf({ ...theirs, over: '' })).toBe('is_theirs')
    expect(meaningOf({ ...theirs, over: 'anna' })).toBe('nothing')
    expect(meaningOf({ ...theirs, over: 'anna', isMoved: true })).toBe('propose')
  })
})

describe('when it is let go', () => {
  it('is a quarter of an hour, or where it was', () => {
    const was = Date.parse('2027-03-01T15:00:00Z')
    expect(snapped(was + 5 * 60_000, was)).toBeUndefined()
    expect(snapped(was + 44 * 60_000, was)).toBe(was + 45 * 60_000)
    expect(snapped(was - 3_600_000, was)).toBe(was - 3_600_000)
  })
  it('keeps the length of the window', () => {
    const window = { start_at: '2027-03-01T15:00:00Z', end_at: '2027-03-01T19:00:00Z' }
    expect(shifted(window, -1_800_000)).toEqual({
      start_at: '2027-03-01T14:30:00.000Z',
      end_at: '2027-03-01T18:30:00.000Z',
    })
  })
})
