// What is done to a job, and how is it taken back? One act at a time; the last one can be undone for ten seconds.
import { api, ask, once, type Result } from '../server/api'
import type { Problem } from '../server/problems'
import { session } from '../server/session.svelte'
import { live } from './live.svelte'
import { trouble } from './trouble.svelte'

const UNDO_MS = 10_000
/** What binds others is read before it is taken back. */
const UNDO_BINDING_MS = 30_000

type Back = () => Promise<Result<unknown>>
export type Change = { kind: string; actor: string; at: string }

/** What somebody else did: one's own act never stands in one's way. */
const isAnothers = ({ actor_id }: { actor_id: string | null }) => actor_id !== null && actor_id !== session.me?.id

class Acts {
  isBusy = $state(false)
  /** How many acts are over: what was looked at before is looked at again. */
  num = $state(0)
  problem = $state.raw<Problem>()
  /** What somebody else did meanwhile. */
  overtaken = $state.raw<Change>()
  back = $state.raw<Back>()
  /** What an act binds, and what taking it back would mean. */
  binds = $state('')
  /** What became of taking it back. */
  undone = $state<'done' | 'late'>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Do it, show what became of it, and offer the way back where there is one. */
  do = async (jobId: string, work: Back, back?: Back, binding?: () => Promise<string>): Promise<boolean> => {
    this.isBusy = true
    this.problem = undefined
    this.overtaken = undefined
    this.undone = undefined
    this.#offer(undefined)
    const answer = await work()
    this.isBusy = false
    if (answer.ok) this.#offer(back && (() => this.#undo(jobId, back)), (await binding?.()) ?? '')
    else await this.#explain(jobId, answer.problem)
    await Promise.all([live.renew([jobId]), trouble.renew()])
    this.num += 1
    return answer.ok
  }

  forget(): void {
    this.problem = undefined
    this.overtaken = undefined
    this.undone = undefined
    this.#offer(undefined)
  }

  #offer(back: Back | undefined, binds = ''): void {
    clearTimeout(this.#timer)
    this.back = back
    this.binds = binds
    if (back !== undefined) {
      this.#timer = setTimeout(
        () => {
          this.back = undefined
        },
        binds === '' ? UNDO_MS : UNDO_BINDING_MS,
      )
    }
  }

  async #undo(jobId: string, back: Back): Promise<Result<unknown>> {
    const isDone = await this.do(jobId, back)
    this.undone = isDone ? 'done' : this.problem?.status === 409 ? 'late' : undefined
    return { ok: true, data: undefined, etag: null }
  }

  async #explain(jobId: string, problem: Problem): Promise<void> {
    if (problem.status === 412 || problem.code === 'stale' || problem.code === 'conflict') {
      const params = { path: { job_id: jobId }, query: { limit: 20 } }
      const told = await ask(api.GET('/v1/jobs/{job_id}/events', { params }))
      const newest = told.ok ? told.data.items.find(isAnothers) : undefined
      if (newest) this.overtaken = { kind: newest.kind, actor: newest.actor_name ?? newest.actor_kind, at: newest.at }
    }
    this.problem = problem
  }
}

export const acts = new Acts()

export const hold = (jobId: string) =>
  ask(api.POST('/v1/jobs/{job_id}/hold', { params: { path: { job_id: jobId }, ...once() }, body: { why: 'other' } }))

export const resume = (jobId: string) =>
  ask(api.POST('/v1/jobs/{job_id}/resume', { params: { path: { job_id: jobId }, ...once() } }))

type Window = { start_at: string; end_at: string }

/** Another window; only from the version that was looked at. The way back is only from what this made. */
export function move(jobId: string, version: number, to: Window, before: Window): Promise<boolean> {
  let made = 0
  const change = (from: number, window: Window) => {
    const params = { path: { job_id: jobId }, header: { 'If-Match': `"v${from}"` } }
    return ask(api.PATCH('/v1/jobs/{job_id}', { params, body: { window } }))
  }
  const there = async () => {
    const answer = await change(version, to)
    if (answer.ok) made = answer.data.version
    return answer
  }
  return acts.do(jobId, there, () => change(made, before))
}

/** Ask whoever has the visit whether another start suits; taken back while they have not answered. */
export function propose(jobId: string, visitId: string, technicianId: string, startAt: string): Promise<boolean> {
  let made = ''
  const there = async (): Promise<Result<unknown>> => {
    const query = { job_id: jobId, technician_id: technicianId, state: 'live' as const }
    const live = await ask(api.GET('/v1/assignments', { params: { query } }))
    const assignment = live.ok ? live.data.items.find((each) => each.visit_id === visitId) : undefined
    if (!live.ok) return live
    const params = { path: { visit_id: visitId }, ...once() }
    const body = {
      time: { start_at: startAt },
      reason: 'other',
      note: '',
      ...(assignment && { assignment_id: assignment.id }),
    }
    const answer = await ask(api.POST('/v1/visits/{visit_id}/proposals', { params, body }))
    if (answer.ok) made = answer.data.id
    return answer
  }
  const back = () => {
    const params = { path: { proposal_id: made }, ...once() }
    return ask(api.POST('/v1/proposals/{proposal_id}/withdraw', { params, body: { why: 'other' } }))
  }
  return acts.do(jobId, there, back)
}
