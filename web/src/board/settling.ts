// Which rows stand in the trouble list? While somebody reads it, none moves: what is new waits, what is over stays.
import type { Item } from './trouble.svelte'

export type Row = Item & { isOver?: boolean }

/** The rows that were there, as they are now, in the order in which they stood; all anew when nobody reads. */
export function settled(before: readonly Row[], now: readonly Item[], isReading: boolean): readonly Row[] {
  if (!isReading || before.length === 0) return now
  const known = new Map(now.map((each) => [each.id, each]))
  return before.map((each) => known.get(each.id) ?? { ...each, isOver: true })
}

/** How many have come since. */
export function numNew(rows: readonly Row[], now: readonly Item[]): number {
  const known = new Set(rows.map((each) => each.id))
  return now.filter((each) => !known.has(each.id)).length
}

/** Put off, and out of sight: until its time has come, and never longer than until it is due. */
export function isAway(item: Pick<Item, 'snoozed_until' | 'due_at'>, nowMs: number): boolean {
  const until = item.snoozed_until === null ? 0 : Date.parse(item.snoozed_until)
  return until > nowMs && Date.parse(item.due_at) > nowMs
}

const MINUTE_MS = 60_000
const SPANS_MIN = [15, 30, 60, 240, 1440]
const LONGEST_MS = 7 * 24 * 60 * MINUTE_MS

export type Until = { at: string; minutes?: number }

/** For how long it can be put off: no longer than until it is due; where it is late already, it stays in sight. */
export function untils(dueAt: string, nowMs: number): Until[] {
  const due = Date.parse(dueAt)
  const of = (minutes: number): Until => ({ at: new Date(nowMs + minutes * MINUTE_MS).toISOString(), minutes })
  if (due <= nowMs) return SPANS_MIN.map(of)
  const before = SPANS_MIN.filter((each) => nowMs + each * MINUTE_MS < due).map(of)
  return due <= nowMs + LONGEST_MS ? [...before, { at: dueAt }] : before
}
