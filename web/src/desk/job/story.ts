// How is an event told? Waves say how many were asked; what has no words of ours is said by its own name.
import type { Schemas } from '../../server/api'
import { t } from '../../words/desk'
import { plain } from '../state'

type Event = Schemas['EventOut']

export function told(event: Event): string {
  if (event.kind === 'wave_sent' && Array.isArray(event.data.offers)) return t().job.asked(event.data.offers.length)
  return t().job.events[event.kind] ?? plain(event.kind)
}

/** Whose act it was: by name where we know it, else what they are. */
export function actor(event: Event, me: string | null | undefined): string {
  if (event.actor_id !== null && event.actor_id === me) return t().job.you
  if (event.actor_name !== null) return event.actor_name
  return t().job.actors[event.actor_kind] ?? t().job.somebody
}

/** What somebody changed, in words, from the events that came since a moment. */
export function changedSince(events: readonly Event[], at: string): Event[] {
  const kinds = ['terms_changed', 'described', 'terms_agreed', 'cancelled', 'held', 'resumed', 'slot_filled']
  return events.filter((event) => event.at > at && kinds.includes(event.kind))
}

export function fieldsOf(events: readonly Event[]): string {
  const names = events.flatMap((event) => {
    const fields = event.data.fields
    if (Array.isArray(fields)) return fields.map((each) => t().job.fields[String(each)] ?? plain(String(each)))
    return [told(event).toLocaleLowerCase()]
  })
  return [...new Set(names)].join(', ')
}
