import { describe, expect, it } from 'vitest'
import type { Job } from './live.svelte'
import { risksOf } from './risks'

const NOON = Date.parse('2027-03-01T12:00:00Z')

const job = (end_at: string, more: Partial<Job> = {}): Job =>
  ({
    state: 'open',
    trouble: [],
    visits: [
      {
        state: 'planned',
        window: { start_at: '2027-03-01T08:00:00Z', end_at },
        duration_min: 60,
        num_slots: 1,
        num_filled: 0,
      },
    ],
    ...more,
  }) as unknown as Job

describe('what may go wrong', () => {
  it('says of a window that it closes two hours before the work no longer fits', () => {
    expect(risksOf(job('2027-03-01T14:59:00Z'), [], NOON)).toEqual(['window_closing'])
    expect(risksOf(job('2027-03-01T15:00:00Z'), [], NOON)).toEqual([])
    expect(risksOf(job('2027-03-01T14:00:00Z', { state: 'assigned' }), [], NOON)).toEqual([])
  })
  it('says of one visit what concerns it, or all of them', () => {
    const two = job('2027-03-02T14:00:00Z', {
      trouble: [{ code: 'confirm_overdue', visit_id: 'first', since: null, unfilled: null }],
    })
    const alarms = [
      { kind: 'part_missing', visit: { id: 'second' } },
      { kind: 'sla', visit: null },
    ]
    expect(risksOf(two, alarms, NOON, 'first')).toEqual(['sla', 'not_confirmed'])
    expect(risksOf(two, alarms, NOON, 'second')).toEqual(['part_missing', 'sla'])
    expect(risksOf(two, alarms, NOON)).toEqual(['part_missing', 'sla', 'not_confirmed'])
  })
  it('says the same thing once', () => {
    const late = job('2027-03-02T14:00:00Z', {
      trouble: [{ code: 'confirm_overdue', visit_id: null, since: null, unfilled: null }],
    })
    expect(risksOf(late, [{ kind: 'not_confirmed' }, { kind: 'credential_expiring' }], NOON)).toEqual([
      'not_confirmed',
      'credential_expiring',
    ])
  })
})
