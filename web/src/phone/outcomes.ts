// What became of something that was sent? The server's answer as what a technician has to know of it.
import { fileProblemOf, type Problem, problemOf } from '../server/problems'
import type { Entry } from './store'

export type Sent = { ok: true; outcome: string; startAt?: string; id?: string } | { ok: false; problem: Problem }

/** What an answer says, where it is one that may be forgotten: it was ours all along. */
export function outcomeOf(entry: Pick<Entry, 'kind'>, status: number, body: unknown): Sent {
  if (status >= 200 && status < 300) return { ok: true, outcome: entry.kind, ...told(body) }
  const problem = (entry.kind === 'page' ? fileProblemOf : problemOf)(status, body)
  // An earlier try got through, and its answer was lost on the way back.
  if (entry.kind === 'accept' && problem.code === 'already_yours') return { ok: true, outcome: 'assigned' }
  return { ok: false, problem }
}

/** What an answer tells of the work: it is theirs, from when; or it is noted. A page is named by its number. */
function told(body: unknown): { outcome?: string; startAt?: string; id?: string } {
  const { outcome, start_at, answer, id, num } = (body ?? {}) as Record<string, unknown>
  if (answer !== undefined) return told(answer)
  return {
    ...(typeof outcome === 'string' && { outcome }),
    ...(typeof start_at === 'string' && { startAt: start_at }),
    ...(typeof id === 'string' ? { id } : typeof num === 'number' && { id: `${num}` }),
  }
}
