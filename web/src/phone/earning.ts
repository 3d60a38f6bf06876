// What does open work bring? For the time as planned, and for an hour of it with the drive there and back.
import type { OpenJob } from './state.svelte'

type Work = Pick<OpenJob, 'pay' | 'duration_min' | 'travel_s'>

export function plannedSum(work: Work): number {
  const amount = Number(work.pay.amount)
  return work.pay.kind === 'hourly' ? (amount * work.duration_min) / 60 : amount
}

export function hourlySum(work: Work): number {
  return plannedSum(work) / (work.duration_min / 60 + (2 * work.travel_s) / 3600)
}
