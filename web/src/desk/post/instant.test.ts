import { describe, expect, it } from 'vitest'
import { dayAfter } from '../../time/format'
import { instantOf, localOf } from './instant'

describe('the moment of a clock', () => {
  it('is that of the place, in winter and in summer', () => {
    expect(instantOf('2027-03-01', '09:00', 'America/Chicago')).toBe('2027-03-01T15:00:00.000Z')
    expect(instantOf('2027-07-01', '09:00', 'America/Chicago')).toBe('2027-07-01T14:00:00.000Z')
    expect(instantOf('2027-07-01', '09:00', 'Asia/Kathmandu')).toBe('2027-07-01T03:15:00.000Z')
  })

  it('is none where the clocks skip it, and the first of two where it comes twice', () => {
    expect(instantOf('2027-03-14', '02:30', 'America/Chicago')).toBeUndefined()
    expect(instantOf('2027-11-07', '01:30', 'America/Chicago')).toBe('2027-11-07T06:30:00.000Z')
    expect(instantOf('', '09:00', 'America/Chicago')).toBeUndefined()
  })

  it('is none while it is typed', () => {
    for (const day of ['', '0002-11-29', '0202-11-29', '12027-11-29']) {
      expect(instantOf(day, '09:00', 'America/Chicago')).toBeUndefined()
    }
    expect(['', '12027-11-29'].map((day) => dayAfter(day, 1))).toEqual(['', ''])
  })

  it('is read back as it was written', () => {
    expect(localOf('2027-03-01T15:00:00Z', 'America/Chicago')).toBe('2027-03-01T09:00')
  })
})
