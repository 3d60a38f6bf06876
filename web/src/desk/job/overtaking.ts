// Who was quicker? Somebody else's act that makes a work order another than the one that was shown.
import type { Schemas } from '../../server/api'

type Event = Pick<Schemas['EventOut'], 'id' | 'kind' | 'actor_id'>

/** What people do that makes of a work order another than the one that was shown. */
const CHANGES = new Set([
  ...['terms_changed', 'described', 'terms_agreed', 'cancelled', 'held', 'resumed', 'slot_filled', 'assigned'],
  ...['counter_accepted', 'counter_refused', 'accepted', 'declined', 'withdrawn', 'asked_by_name', 'released'],
  ...['posted', 'finished', 'approved', 'sent_back'],
])

/** Somebody else's last change that was not shown yet; one's own never stands in one's way. Events, newest first. */
export function overtaking<Told extends Event>(
  events: readonly Told[],
  seen: ReadonlySet<string>,
  me: string | null | undefined,
): Told | undefined {
  return events.find(
    (each) => CHANGES.has(each.kind) && !seen.has(each.id) && each.actor_id !== null && each.actor_id !== me,
  )
}
