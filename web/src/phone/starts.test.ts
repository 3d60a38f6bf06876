import { describe, expect, it } from 'vitest'
import { byDay, spansDays, starts } from './starts'

describe('the starts to choose from', () => {
  it('leave room for the work before the window ends', () => {
    expect(starts('2027-03-01T19:00:00Z', '2027-03-01T21:00:00Z', 60)).toEqual([
      '2027-03-01T19:00:00.000Z',
      '2027-03-01T19:30:00.000Z',
      '2027-03-01T20:00:00.000Z',
    ])
  })

  it('are the beginning alone where the work fills the window', () => {
    expect(starts('2027-03-01T19:00:00Z', '2027-03-01T20:00:00Z', 60)).toEqual(['2027-03-01T19:00:00.000Z'])
    expect(starts('2027-03-01T19:00:00Z', '2027-03-01T20:00:00Z', 90)).toEqual(['2027-03-01T19:00:00.000Z'])
  })
})

describe('the days of the starts', () => {
  // 48 hours from 9:00 PM in Chicago: three days there, and in Kolkata, which is another day ahead.
  const [from, to] = ['2027-03-02T03:00:00Z', '2027-03-04T03:00:00Z']

  it('are those of the clock where the work is', () => {
    const days = byDay(starts(from, to, 60), 'America/Chicago')
    expect(days.map((each) => [each[0], each.length])).toEqual([
      ['2027-03-02T03:00:00.000Z', 6],
      ['2027-03-02T06:00:00.000Z', 48],
      ['2027-03-03T06:00:00.000Z', 41],
    ])
    expect(days.flat()).toEqual(starts(from, to, 60))
    expect(byDay(starts(from, to, 60), 'Asia/Kolkata').map((each) => each[0])).toEqual([
      '2027-03-02T03:00:00.000Z',
      '2027-03-02T18:30:00.000Z',
      '2027-03-03T18:30:00.000Z',
    ])
  })

  it('have to be said where the window lies on more than one', () => {
    expect(spansDays(from, to, 'America/Chicago')).toBe(true)
    expect(spansDays('2027-03-01T19:00:00Z', '2027-03-01T23:00:00Z', 'America/Chicago')).toBe(false)
    // The same hours are two days in Berlin.
    expect(spansDays('2027-03-01T19:00:00Z', '2027-03-01T23:30:00Z', 'Europe/Berlin')).toBe(true)
  })
})
