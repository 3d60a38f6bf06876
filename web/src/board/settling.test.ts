// Rows do not move under whoever reads them, and nothing is out of sight once it is due.
import { describe, expect, it } from 'vitest'
import { isAway, numNew, settled, untils } from './settling'
import type { Item } from './trouble.svelte'

const NOW = Date.parse('2026-03-02T12:00:00Z')
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString()
const item = (id: string, state = 'raised') => ({ id, state }) as Item

describe('the rows', () => {
  it('stay where they are while somebody reads: what is new waits, what is over is marked', () => {
    const before = [item('b'), item('c')]
    const now = [item('a'), item('c', 'acknowledged')]
    const rows = settled(before, now, true)
    expect(rows.map((each) => [each.id, each.state, each.isOver ?? false])).toEqual([
      ['b', 'raised', true],
      ['c', 'acknowledged', false],
    ])
    expect(numNew(rows, now)).toBe(1)
  })

  it('are the newest when nobody reads, and when there were none', () => {
    const now = [item('a')]
    expect(settled([item('b')], now, false)).toBe(now)
    expect(settled([], now, true)).toBe(now)
    expect(numNew(now, now)).toBe(0)
  })
})

describe('what is put off', () => {
  it('comes back at its time, and at the latest when it is due', () => {
    expect(isAway({ snoozed_until: at(30), due_at: at(60) }, NOW)).toBe(true)
    expect(isAway({ snoozed_until: at(0), due_at: at(60) }, NOW)).toBe(false)
    expect(isAway({ snoozed_until: at(30), due_at: at(0) }, NOW)).toBe(false)
    expect(isAway({ snoozed_until: null, due_at: at(60) }, NOW)).toBe(false)
  })

  it('is put off until it is due and no longer', () => {
    expect(untils(at(45), NOW)).toEqual([{ at: at(15), minutes: 15 }, { at: at(30), minutes: 30 }, { at: at(45) }])
    expect(untils(at(10), NOW)).toEqual([{ at: at(10) }])
    expect(untils(at(60 * 24 * 8), NOW).at(-1)).toEqual({ at: at(1440), minutes: 1440 })
    expect(untils(at(-1), NOW)).toHaveLength(5)
  })
})
