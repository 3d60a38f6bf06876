import { expect, test } from 'vitest'
import { zonesOf } from './zones'

const at = (...zones: string[]) => zones.map((time_zone) => ({ site: { time_zone } }) as never)

test('the clock that most jobs have comes first, and zones of one clock are one', () => {
  const jobs = at('America/Denver', 'America/Chicago', 'America/Menominee', 'America/Chicago', 'America/Phoenix')
  const winter = new Date('2027-03-01T19:00:00Z')
  expect(zonesOf(jobs, winter, 'Europe/Madrid')).toEqual(['America/Chicago', 'America/Denver'])
  // Phoenix keeps no summer time.
  const summer = new Date('2027-07-01T19:00:00Z')
  expect(zonesOf(jobs, summer, 'Europe/Madrid')).toEqual(['America/Chicago', 'America/Denver', 'America/Phoenix'])
})

test('without a job it is the reader’s own', () => {
  expect(zonesOf([], new Date(), 'Europe/Madrid')).toEqual(['Europe/Madrid'])
})
