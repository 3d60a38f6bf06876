// What may go wrong with a job? What the server raised, what the board sees of it, and a window that closes.
import type { Job } from './live.svelte'

const SOON_MS = 2 * 3_600_000
const WAITS = ['open', 'on_hold', 'unfilled']

/** Alarms and what the board calls by another name for the same, said once. */
const SAME: Record<string, string> = {
  confirm_overdue: 'not_confirmed',
  start_overdue: 'no_check_in',
  waiting_for_answer: 'pick_waiting',
  unassigned_soon: 'window_closing',
}

export function risksOf(job: Job, alarms: readonly { kind: string }[], now: number): string[] {
  const codes = [...alarms.map((each) => each.kind), ...job.trouble.map((each) => each.code)]
  if (isClosing(job, now)) codes.push('window_closing')
  return [...new Set(codes.map((code) => SAME[code] ?? code))]
}

/** Nobody has it, and soon the work does not fit into its window any more. */
function isClosing(job: Job, now: number): boolean {
  if (!WAITS.includes(job.state)) return false
  return job.visits.some((visit) => {
    const last = Date.parse(visit.window.end_at) - visit.duration_min * 60_000
    return visit.state === 'planned' && visit.num_filled < visit.num_slots && last - now < SOON_MS
  })
}
