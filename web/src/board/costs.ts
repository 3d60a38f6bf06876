// What does one cost beyond the best, and may what says no be set aside? Pure: what was asked is in `judging`.
import type { Schemas } from '../server/api'

export type Reason = Schemas['ReasonOut']
type Judged = { travel_s: number; cost: Schemas['WouldCostOut'] }

/** What the rules say; `moreS` and `more` are the drive and the pay beyond those of the best who may now. */
export type Verdict = {
  may: boolean
  isInReach: boolean
  reasons: readonly Reason[]
  /** How many may, where nobody is named. */
  numMay: number
  moreS: number
  more: { amount: string; currency: string } | undefined
}

/** What one costs beyond another; nothing where there is nothing to say. */
export function beyond(one: Judged | undefined, best: Judged | undefined): Pick<Verdict, 'moreS' | 'more'> {
  if (one === undefined || best === undefined) return { moreS: 0, more: undefined }
  const cents = Math.round((Number(one.cost.amount) - Number(best.cost.amount)) * 100)
  const isSaid = cents !== 0 && one.cost.currency === best.cost.currency
  return {
    moreS: Math.max(0, one.travel_s - best.travel_s),
    more: isSaid ? { amount: (cents / 100).toFixed(2), currency: one.cost.currency } : undefined,
  }
}

/** Whether a dispatcher may set aside all that says no. */
export const canOverride = (reasons: readonly Reason[]): boolean =>
  reasons.length > 0 && reasons.every((each) => each.may_override)
