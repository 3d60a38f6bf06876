import { describe, expect, it } from 'vitest'
import { starts } from './starts'

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
