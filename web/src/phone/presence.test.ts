import { describe, expect, it } from 'vitest'
import { actsOf, nextStop, presenceOf } from './presence'
import type { Stop } from './state.svelte'
import type { Entry } from './store'

const stop = (visit_id: string, presence: Stop['presence']) => ({ visit_id, presence }) as Stop
const entry = (about: string, kind: Entry['kind'], state: Entry['state'] = 'waiting') =>
  ({ about, kind, state }) as Entry

describe('a visit', () => {
  it('is as far as the technician said, though nobody has heard it yet', () => {
    const said = [entry('a', 'leave'), entry('a', 'check-in'), entry('b', 'leave')]
    expect(presenceOf(stop('a', 'confirmed'), said)).toBe('checked_in')
  })

  it('is not moved by what was refused, nor by running late', () => {
    const said = [entry('a', 'check-in', 'refused'), entry('a', 'late')]
    expect(presenceOf(stop('a', 'on_the_way'), said)).toBe('on_the_way')
  })

  it('asks for the promise first, and for the way when the time to leave is near', () => {
    const at = Date.parse('2027-03-01T12:00:00Z')
    expect(actsOf('assigned', '2027-03-01T18:00:00Z', at)[0]).toBe('confirm')
    expect(actsOf('assigned', '2027-03-01T12:59:00Z', at)[0]).toBe('leave')
  })

  it('is next while somebody is there, though an earlier one was never left', () => {
    const stops = [stop('a', 'confirmed'), stop('b', 'checked_in'), stop('c', 'assigned')]
    expect(nextStop(stops, [])?.visit_id).toBe('b')
    expect(nextStop(stops, [entry('b', 'check-out')])?.visit_id).toBe('a')
    expect(nextStop([stop('a', 'checked_out')], [])).toBeUndefined()
  })
})
