// How far is a visit, and what is the next thing to say? As the server knows it, and with what waits to be sent.

import type { Stop } from './state.svelte'
import type { Entry, EntryKind } from './store'

export type Presence = Stop['presence']
export type Act = 'confirm' | 'leave' | 'check-in' | 'check-out' | 'late'

const AFTER: Partial<Record<EntryKind, Presence>> = {
  confirm: 'confirmed',
  leave: 'on_the_way',
  'check-in': 'checked_in',
  'check-out': 'checked_out',
}

/** What the technician may say, the next thing first. */
const ACTS: Record<Presence, readonly Act[]> = {
  assigned: ['confirm', 'leave'],
  confirmed: ['leave', 'late'],
  on_the_way: ['check-in', 'late'],
  checked_in: ['check-out'],
  stepped_out: ['check-in'],
  checked_out: [],
}

/** Minutes before they have to leave from which the way is the next thing, and no more the promise. */
const SOON_MS = 60 * 60_000

export function presenceOf(stop: Pick<Stop, 'presence' | 'visit_id'>, entries: readonly Entry[]): Presence {
  const waiting = entries.findLast(
    (each) => each.about === stop.visit_id && each.state === 'waiting' && each.kind in AFTER,
  )
  return (waiting && AFTER[waiting.kind]) ?? stop.presence
}

export function actsOf(presence: Presence, leaveBy: string, now: number): readonly Act[] {
  const isSoon = Date.parse(leaveBy) - now < SOON_MS
  return presence === 'assigned' && isSoon ? ['leave', 'late'] : ACTS[presence]
}

/** The stop that is next: where they are, else the first that is not over. */
export function nextStop(stops: readonly Stop[], entries: readonly Entry[]): Stop | undefined {
  const here = stops.find((stop) => presenceOf(stop, entries) === 'checked_in')
  return here ?? stops.find((stop) => presenceOf(stop, entries) !== 'checked_out')
}
