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

type Alarm = { kind: string; visit?: { id: string } | null }

/** Codes, each once; of one visit where it is named: its own, and whatever concerns the job as a whole. */
export function risksOf(job: Job, alarms: readonly Alarm[], now: number, visitId?: string): string[] {
  const isOf = (id: string | null | undefined) => visitId === undefined || id == null || id === visitId
  const codes = [
    ...alarms.filter((each) => isOf(each.visit?.id)).map((each) => each.kind),
    ...job.trouble.filter((each) => isOf(each.visit_id)).map((each) => each.code),
  ]
  if (isClosing(job, now, visitId)) codes.push('window_closing')
  return [...new Set(codes.map((code) => SAME[code] ?? code))]
}

/** Nobody has it, and soon the work does not fit into its window any more. */
function isClosing(job: Job, now: number, visitId?: string): boolean {
  if (!WAITS.includes(job.state)) return false
  return job.visits.some((visit) => {
    const last = Date.parse(visit.window.end_at) - visit.duration_min * 60_000
    if (visitId !== undefined && visit.id !== visitId) return false
    return visit.state === 'planned' && visit.num_filled < visit.num_slots && last - now < SOON_MS
  })
}
