// Whose act stood in the way? Somebody else's that was not shown yet; never one's own, and nothing that only looked.
import { expect, it } from 'vitest'
import { overtaking } from './overtaking'

const event = (id: string, kind: string, actor_id: string | null) => ({
  id,
  kind,
  actor_id,
  at: '',
  actor_kind: '',
  actor_name: null,
  data: {},
  seq: 1,
  subject_id: '',
  subject_kind: '',
})
const EVENTS = [
  event('6', 'held', 'me'),
  event('5', 'viewed', 'ana'),
  event('4', 'wave_sent', null),
  event('3', 'cancelled', 'rosa'),
  event('2', 'resumed', 'omar'),
  event('1', 'posted', 'omar'),
]

it.each([
  [[], '3'],
  [['3'], '2'],
  [['1', '2', '3'], undefined],
])('of those after %j it is %s', (seen, id) => {
  expect(overtaking(EVENTS, new Set(seen), 'me')?.id).toBe(id)
})

it('is not oneself', () => {
  expect(overtaking(EVENTS.slice(0, 1), new Set(), 'me')).toBeUndefined()
})
