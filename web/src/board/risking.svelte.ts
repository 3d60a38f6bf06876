// What may go wrong with each job at this moment, by all that the board knows? The same for list, timeline, map and filter.
import { tick } from '../ui/ticking.svelte'
import { t } from '../words/board'
import type { Job } from './live.svelte'
import { risksOf } from './risks'
import { type Item, trouble } from './trouble.svelte'

const MINUTE_MS = 60_000

class Risking {
  readonly #alarms = $derived.by(() => {
    const byJob = new Map<string, Item[]>()
    for (const item of trouble.items ?? []) {
      if (item.job) byJob.set(item.job.id, [...(byJob.get(item.job.id) ?? []), item])
    }
    return byJob
  })
  /** Windows close by the minute: no need to look at thousands of jobs each second. */
  readonly #now = $derived(Math.floor(tick.now / MINUTE_MS) * MINUTE_MS)

  /** Of the whole job, or of one of its visits and of whatever concerns them all. */
  of = (job: Job, visitId?: string): string[] => risksOf(job, this.#alarms.get(job.id) ?? [], this.#now, visitId)
}

export const risking = new Risking()

/** What may go wrong, in words. */
export const riskWords = (risks: readonly string[]): string[] =>
  risks.map((risk) => t().risks[risk] ?? t().kinds[risk] ?? risk)
