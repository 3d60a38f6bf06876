// What goes on now? The board's jobs, kept as they are by the stream: a snapshot first, then what changes, in batches.
import { flushSync } from 'svelte'
import { api, ask, type Schemas } from '../server/api'
import type { Problem } from '../server/problems'
import { listen } from '../server/stream'
import { clock } from '../time/clock'
import { Asking } from './asking'

export type Job = Schemas['BoardJob']
type Snapshot = Schemas['BoardOut']
/** As far as we look at it. */
type Frame = { event_id: string; subject_kind: string; subject_id: string; data: Record<string, unknown> }

const GATHER_MS = 300
/** Jobs that are read again at once. */
const MOST = 100
const MARKED_MS = 2_000
/** What a patch is called among the browser's measures; it is told to observers, and kept nowhere. */
const PATCH = 'board-patch'

class Live {
  jobs = $state.raw<ReadonlyMap<string, Job>>(new Map())
  /** There is a board to show. */
  isThere = $state(false)
  isWhole = $state(true)
  isLost = $state(false)
  heardAt = $state(0)
  problem = $state.raw<Problem>()
  /** Jobs that changed a moment ago. */
  marked = $state.raw<ReadonlySet<string>>(new Set())
  readonly #asking = new Asking(GATHER_MS, (ids) => this.#renew(ids))
  #jobOfVisit = new Map<string, string>()
  #ahead = new Set<string>()
  #changes = new Set<() => void>()

  /** Have something done when anything changed. */
  onChange(work: () => void): () => void {
    this.#changes.add(work)
    return () => this.#changes.delete(work)
  }

  /** Listen until the returned function is called. */
  start(): () => void {
    const end = listen(
      '/v1/board/stream',
      { snapshot: (data: Snapshot) => this.#begin(data), frame: (data: Frame) => this.#note(data) },
      { heard: () => this.#heard(), lost: () => this.#lost() },
    )
    return () => {
      this.#asking.stop()
      end()
    }
  }

  /** Read some jobs again, after an act of our own. */
  renew = (ids: readonly string[]): Promise<void> => this.#renew(ids)

  #heard(): void {
    this.heardAt = clock.now()
    this.isLost = false
  }

  #lost(): void {
    this.isLost = true
  }

  #begin(board: Snapshot): void {
    this.#ahead = new Set(board.ahead)
    this.isWhole = board.is_whole
    this.jobs = new Map(board.jobs.map((job) => [job.id, job]))
    this.#jobOfVisit = new Map(board.jobs.flatMap((job) => job.visits.map((visit) => [visit.id, job.id] as const)))
    this.isThere = true
    for (const work of this.#changes) work()
  }

  #note(frame: Frame): void {
    if (this.#ahead.delete(frame.event_id)) return
    const id = this.#jobOf(frame)
    if (id !== undefined) this.#asking.add(id)
    for (const work of this.#changes) work()
  }

  #jobOf(frame: Frame): string | undefined {
    if (frame.subject_kind === 'job') return frame.subject_id
    const said = (name: string) => (typeof frame.data[name] === 'string' ? (frame.data[name] as string) : undefined)
    const visit = frame.subject_kind === 'visit' ? frame.subject_id : (said('visit_id') ?? said('visit'))
    return said('job_id') ?? said('job') ?? (visit === undefined ? undefined : this.#jobOfVisit.get(visit))
  }

  async #renew(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += MOST) {
      const some = ids.slice(at, at + MOST)
      const answer = await ask(api.GET('/v1/board', { params: { query: { job_id: some } } }))
      this.problem = answer.ok ? undefined : answer.problem
      if (answer.ok) this.#patch(some, answer.data.jobs)
      else this.#asking.again(some)
    }
  }

  #patch(asked: readonly string[], found: readonly Job[]): void {
    const began = performance.now()
    this.heardAt = clock.now()
    const jobs = new Map(this.jobs)
    for (const id of asked) if (!found.some((job) => job.id === id)) jobs.delete(id)
    for (const job of found) {
      jobs.set(job.id, job)
      for (const visit of job.visits) this.#jobOfVisit.set(visit.id, job.id)
    }
    this.jobs = jobs
    this.#mark(asked)
    // Shown now, so that whoever measures is told what it took to show.
    flushSync()
    performance.measure(PATCH, { start: began })
    performance.clearMeasures(PATCH)
  }

  #mark(ids: readonly string[]): void {
    this.marked = new Set([...this.marked, ...ids])
    setTimeout(() => {
      this.marked = new Set([...this.marked].filter((id) => !ids.includes(id)))
    }, MARKED_MS)
  }
}

export const live = new Live()
