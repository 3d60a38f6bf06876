// What does open work bring? What is left of the pay for the time as planned, and for an hour of it with the drive there
// and back.
import type { OpenJob } from './state.svelte'

type Work = Pick<OpenJob, 'pay_terms' | 'duration_min' | 'travel_s'>

export function hourlySum(work: Work): number {
  return Number(work.pay_terms.net) / (work.duration_min / 60 + (2 * work.travel_s) / 3600)
}
