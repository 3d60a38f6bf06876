import { expect, test } from 'vitest'
import { cell, toCsv, toGeoJson } from './export'
import type { Job } from './live.svelte'

const JOB = {
  id: '1',
  number: '=1+1',
  title: 'Say "hi", then\nleave',
  state: 'open',
  priority: 3,
  site: { store_number: '7', town: 'Alpine', region: 'TX', lat: 30.36, lng: -103.66, time_zone: 'America/Chicago' },
  visits: [],
} as unknown as Job

test.each(['=1', '+1', '-1', '@A', ' =1', '\t=1', '|calc', '%x'])('%j cannot run in a spreadsheet', (said) => {
  expect(cell(said).replace(/^"/, '')).toMatch(/^'/)
})

test('numbers stay numbers', () => expect(cell(-3)).toBe('-3'))

test('quotes, commas and line breaks stay inside their cell', () => {
  const [, row] = toCsv([JOB]).split('\r\n')
  expect(row).toBe('\'=1+1,"Say ""hi"", then\nleave",open,3,7,Alpine,TX,,America/Chicago,')
})

test('a place is longitude, then latitude', () => {
  expect(JSON.parse(toGeoJson([JOB])).features[0].geometry.coordinates).toEqual([-103.66, 30.36])
})
