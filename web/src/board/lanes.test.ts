import { expect, test } from 'vitest'
import { lanesOf, roomOf } from './lanes'
import type { Job } from './live.svelte'

const H = 3_600_000
const visit = (id: string, start: number, more: object = {}) => ({
  id,
  state: 'planned',
  planned_start_at: new Date(start * H).toISOString(),
  planned_end_at: new Date((start + 2) * H).toISOString(),
  window: {},
  duration_min: 120,
  num_slots: 1,
  num_filled: 1,
  taken_by: [{ technician: { id: 't', name: 'Tess' } }],
  ...more,
})
const job = (id: string, ...visits: object[]) => ({ id, visits, trouble: [] }) as unknown as Job

test('visits that overlap stand in rows of their own, and a row is used again', () => {
  const [lane] = lanesOf([job('1', visit('a', 8), visit('b', 9), visit('c', 10))], 0, 24 * H, 'nobody')
  expect(lane?.bars.map((bar) => [bar.visitId, bar.row])).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 0],
  ])
  expect(lane?.num).toBe(2)
})

test('what nobody has comes first, at the begin of its window, and another day’s work is not here', () => {
  const open = visit('o', 0, {
    planned_start_at: null,
    planned_end_at: null,
    window: { start_at: new Date(20 * H).toISOString() },
    num_filled: 0,
    taken_by: [],
  })
  const lanes = lanesOf([job('1', visit('a', 8), visit('z', 30)), job('2', open)], 0, 24 * H, 'nobody')
  expect(lanes.map((lane) => [lane.name, lane.bars.map((bar) => bar.visitId)])).toEqual([
    ['nobody', ['o']],
    ['Tess', ['a']],
  ])
})

test('words below a bar have room up to what comes next, and go back where the day ends first', () => {
  const [lane] = lanesOf([job('1', visit('a', 8), visit('b', 12), visit('c', 22))], 0, 24 * H, 'nobody')
  const rooms = lane?.bars.map((bar) => roomOf(bar, lane, 0, 24 * H))
  expect(rooms?.map((room) => [room.from / H, room.to / H, room.isToLeft])).toEqual([
    [8, 12, false],
    [12, 22, false],
    [14, 24, true],
  ])
})
