// What is handed in for each item, what waits to be sent, and what is still needed?
import type { Schemas } from '../server/api'
import type { Entry } from './store'

export type Item = Schemas['ItemOut']
export type Handed = Schemas['DeliverableOut']

export type ItemState = {
  item: Item
  /** What stands: the newest version of each. */
  handed: readonly Handed[]
  /** Of these, what is wanted again and was not handed in anew. */
  back: readonly Handed[]
  waiting: readonly Entry[]
  state: 'done' | 'kept' | 'back' | 'open'
}

type Sent = Partial<Schemas['DeliverableIn']>

const bodyOf = (entry: Entry): Sent => (entry.body ?? {}) as Sent

export function itemStates(
  list: Pick<Schemas['ChecklistOut'], 'items' | 'deliverables'>,
  visitId: string,
  entries: readonly Entry[],
): ItemState[] {
  const known = new Set<string | undefined>(list.deliverables.map((each) => each.id))
  const kept = entries.filter(
    (each) => each.kind === 'hand-in' && each.about === visitId && each.state === 'waiting' && !known.has(each.became),
  )
  return list.items.map((item) => {
    const handed = newest(list.deliverables, item, visitId)
    const waiting = kept.filter((each) => bodyOf(each).item === item.code)
    const anew = new Set(waiting.map((each) => bodyOf(each).replaces))
    const back = handed.filter((each) => each.state === 'sent_back' && !anew.has(each.id))
    const good = handed.filter((each) => each.state !== 'sent_back').length
    return { item, handed, back, waiting, state: stateOf(back.length, good, waiting.length, item.min_count) }
  })
}

function newest(all: readonly Handed[], item: Item, visitId: string): Handed[] {
  const mine = all.filter((each) => each.item === item.code && (item.per === 'job' || each.visit_id === visitId))
  return mine.filter((each) => !mine.some((other) => other.num === each.num && other.version > each.version))
}

function stateOf(back: number, good: number, waiting: number, needed: number): ItemState['state'] {
  if (back > 0) return 'back'
  const wanted = Math.max(1, needed)
  if (good >= wanted) return 'done'
  return good + waiting >= wanted ? 'kept' : 'open'
}

/** Whether the work is not done without more of it: of devices fewer may be there than are expected. */
export function isLacking({ item, handed, waiting, state }: ItemState): boolean {
  if (!item.is_required || state === 'done' || state === 'kept') return false
  const good = handed.filter((each) => each.state !== 'sent_back').length
  return state === 'back' || good + waiting.length < (item.enough ?? Math.max(1, item.min_count))
}

/** How many of those that are needed are still to be handed in. */
export const numLacking = (states: readonly ItemState[]): number => states.filter(isLacking).length

/** Whether what was written has the form that is asked for: `#` a digit, `@` a letter, `?` either. */
export function fits(pattern: string | null, written: string): boolean {
  if (written === '') return false
  if (pattern === null) return true
  const stands: Record<string, string> = { '#': '[0-9]', '@': '[A-Za-z]', '?': '[A-Za-z0-9]' }
  const form = [...pattern].map((each) => stands[each] ?? each.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('')
  return new RegExp(`^${form}$`).test(written)
}

/** A number as people type it, or nothing. */
export function numberOf(typed: string): number | undefined {
  const said = typed.trim().replace(',', '.')
  return /^-?\d{1,9}(\.\d{1,6})?$/.test(said) ? Number(said) : undefined
}
