// What becomes of the draft when one of the ways on is taken? Locked rules are never among them.
import type { Schemas } from '../../server/api'
import { dayAfter } from '../../time/format'
import type { Draft } from './draft'

type Change = Schemas['ChangeOut']
type WhatIf = Schemas['WhatIfOut']

const TAKEN = ['pay', 'market', 'level', 'skill']

/** Whether it can be done to the draft by itself; others are for a person to think about. */
export const canTake = (change: Change): boolean =>
  TAKEN.includes(change.kind) && (change.kind !== 'pay' || change.after !== '')

/** Whether so many are more than these; null is fewer than five, and not nobody. */
export const isMore = (num: number | null, than: number | null = 0): boolean =>
  num === null ? !than : num > (than ?? 0)

export function take(draft: Draft, change: Change): void {
  if (change.kind === 'market') draft.market = true
  else if (change.kind === 'level') draft.skills = { ...draft.skills, [change.subject]: Number(change.after) }
  else if (change.kind === 'skill') {
    draft.skills = Object.fromEntries(Object.entries(draft.skills).filter(([code]) => code !== change.subject))
  } else if (change.kind === 'pay') {
    const wanted = Number(change.after)
    // By the device it is the sum of all that has to rise so far.
    const each = draft.payWay === 'device' ? Math.ceil((wanted / Number(draft.devices)) * 100) / 100 : wanted
    draft.amount = each.toFixed(2).replace(/\.00$/, '')
  }
}

/** `reachKm` is how far around is asked as it stands. */
export function takeWhatIf(draft: Draft, whatIf: WhatIf, reachKm: number): void {
  if (whatIf.kind === 'wider') draft.reachKm = Math.round((reachKm + (whatIf.km ?? 0)) * 10) / 10
  else if (draft.isAsap) draft.withinHours += 24
  else draft.day = dayAfter(draft.day, 1)
}
