// By whose clock is the timeline drawn? That of the sites; where they have several, the one that most jobs have.
import { differs } from '../time/format'
import type { Job } from './live.svelte'

/** The zones of the jobs' sites, one for each clock, the one of most jobs first; the reader's own where there is none. */
export function zonesOf(jobs: Iterable<Pick<Job, 'site'>>, now: Date, own: string): string[] {
  const nums = new Map<string, number>()
  for (const { site } of jobs) nums.set(site.time_zone, (nums.get(site.time_zone) ?? 0) + 1)
  const found: string[] = []
  for (const [zone] of [...nums].sort(([a, num], [b, other]) => other - num || a.localeCompare(b)))
    if (found.every((each) => differs(now, each, { zone }))) found.push(zone)
  return found.length > 0 ? found : [own]
}
