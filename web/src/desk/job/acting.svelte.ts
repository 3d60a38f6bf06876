// What became of an act on a work order? Whoever was quicker is named, with what they did and when.
import { ask } from '../../server/api'
import type { Problem } from '../../server/problems'
import { session } from '../../server/session.svelte'
import { clockAt, reader } from '../../ui/reader'
import { t } from '../../words/desk'
import { overtaking } from './overtaking'
import { actor, told } from './story'
import type { JobView } from './view.svelte'

/** Answers that say that it is not any more as it was shown. */
const OVERTAKEN = new Set(['conflict', 'stale', 'taken', 'withdrawn', 'expired', 'terms_changed'])

const seenIn = (view: JobView): ReadonlySet<string> => new Set(view.events.map((each) => each.id))

export class Acting {
  isBusy = $state(false)
  problem = $state.raw<Problem>()
  /** Who did what meanwhile, in words. */
  other = $state('')

  #seen: ReadonlySet<string>

  /** From what is shown now on, acts of others count as done meanwhile. */
  constructor(readonly view: JobView) {
    this.#seen = seenIn(view)
  }

  /** Do it, read what became of it, and say whose act stood in the way. */
  do = async (asked: Parameters<typeof ask<unknown>>[0]): Promise<boolean> => {
    this.isBusy = true
    const answer = await ask<unknown>(asked)
    this.problem = answer.ok ? undefined : answer.problem
    await this.view.renew()
    this.other = answer.ok || !OVERTAKEN.has(answer.problem.code) ? '' : this.#whose()
    this.#seen = seenIn(this.view)
    this.isBusy = false
    return answer.ok
  }

  /** What became of the last act is said no more: something else is meant now. */
  forget(): void {
    this.problem = undefined
    this.other = ''
  }

  #whose(): string {
    const last = overtaking(this.view.events, this.#seen, session.me?.id)
    if (last === undefined) return ''
    const when = clockAt(last.at, this.view.job?.place.time_zone ?? reader().zone)
    return t().job.overtaken(actor(last, undefined), told(last), when)
  }
}
