// What does a drop mean? Decided before it is let go, and said in the same words.
import { canOverride, type Verdict } from './costs'

/** Who has the visit, over whose lane it is held ('' is nobody's), and whether at another time. */
export type Held = { holder: string; over: string; isMoved: boolean; verdict: Verdict | undefined; hasYes: boolean }

export type Meaning =
  | 'nothing' // where it was
  | 'wait' // the rules are not known yet
  | 'move' // the window of work that nobody has
  | 'give' // to somebody who said yes
  | 'ask' // somebody by name
  | 'move_and_ask'
  | 'override' // by name, with a reason
  | 'propose' // another time, to whoever has it
  | 'is_theirs' // somebody else has it: reopen first
  | 'may_not'

export function meaningOf(held: Held): Meaning {
  const { holder, over, isMoved } = held
  if (over === holder && !isMoved) return 'nothing'
  if (holder !== '') return over === holder ? 'propose' : 'is_theirs'
  if (held.verdict === undefined) return 'wait'
  return over === '' ? 'move' : ofSomebody(held, held.verdict)
}

/** What nobody has, over somebody's lane. */
function ofSomebody({ isMoved, hasYes }: Held, verdict: Verdict): Meaning {
  if (!verdict.may) return verdict.isInReach && canOverride(verdict.reasons) ? 'override' : 'may_not'
  if (isMoved) return 'move_and_ask'
  return hasYes ? 'give' : 'ask'
}

const QUARTER_MS = 15 * 60_000

/** The quarter of an hour in which something is let go; where it was, when it was hardly moved. */
export function snapped(atMs: number, wasMs: number): number | undefined {
  const at = Math.round(atMs / QUARTER_MS) * QUARTER_MS
  return Math.abs(at - wasMs) < QUARTER_MS ? undefined : at
}

/** A window, so much later or earlier. */
export function shifted(window: { start_at: string; end_at: string }, byMs: number) {
  const by = (iso: string) => new Date(Date.parse(iso) + byMs).toISOString()
  return { start_at: by(window.start_at), end_at: by(window.end_at) }
}
