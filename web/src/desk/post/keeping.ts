// What was typed so far? Kept on this device at every change, so that neither a reload nor a lost network takes it.
import { session } from '../../server/session.svelte'
import { clock } from '../../time/clock'
import { dayAfter, dayOf } from '../../time/format'
import { type Draft, emptyDraft } from './draft'

const NAME = 'truckroll.desk.draft'
const nameOf = (): string => `${NAME}.${session.me?.id ?? ''}`

export function keptDraft(): Draft {
  const kept = localStorage.getItem(nameOf())
  if (kept === null) return emptyDraft()
  const draft = { ...emptyDraft(), ...(JSON.parse(kept) as Draft) }
  // A day that has passed meanwhile is nobody's wish.
  const today = dayOf(new Date(clock.now()), draft.zone)
  if (draft.day < today) draft.day = dayAfter(today, 1)
  return draft
}

export const keep = (draft: Draft): void => localStorage.setItem(nameOf(), JSON.stringify(draft))

export const forget = (): void => localStorage.removeItem(nameOf())
