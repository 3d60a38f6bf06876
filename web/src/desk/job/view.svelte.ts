// What is known of one work order? Read together, again and again, and after every act.
import { api, ask, type Result, type Schemas } from '../../server/api'
import { net } from '../../server/net.svelte'
import type { Problem } from '../../server/problems'
import { session } from '../../server/session.svelte'
import type { Job } from '../state'

const EVERY_MS = 8_000
const IS_ASKING = ['open', 'unfilled', 'on_hold', 'draft']
const HAS_WORK = ['assigned', 'in_progress', 'done', 'sent_back', 'approved', 'paid', 'disputed']

export class JobView {
  job = $state.raw<Job>()
  etag = $state.raw<string | null>(null)
  problem = $state.raw<Problem>()
  offers = $state.raw<readonly Schemas['AskedOut'][]>([])
  events = $state.raw<readonly Schemas['EventOut'][]>([])
  candidates = $state.raw<Schemas['CandidatesOut']>()
  checklist = $state.raw<Schemas['ChecklistOut']>()
  /** What one's own yes would lack; none where nothing waits for it. */
  approval = $state.raw<Schemas['ApprovalOut']>()
  payments = $state.raw<readonly Schemas['PaymentOut'][]>([])
  logs = $state.raw<readonly Schemas['TimeLogOut'][]>([])
  /** Visits that are over, with what was written on leaving them. */
  over = $state.raw<readonly Schemas['VisitDetail'][]>([])
  readonly #path: { job_id: string }

  constructor(readonly id: string) {
    this.#path = { job_id: id }
  }

  /** Everything about it; parts that cannot be read keep what they had. */
  renew = async (): Promise<void> => {
    const params = { path: this.#path }
    const answer = await ask(api.GET('/v1/jobs/{job_id}', { params, cache: 'no-store' }))
    this.problem = answer.ok ? undefined : answer.problem
    if (!answer.ok) {
      if (answer.problem.code === 'unauthenticated') session.end()
      return
    }
    this.job = answer.data
    this.etag = answer.etag
    const most = { path: this.#path, query: { limit: 200 } }
    const parts: Promise<unknown>[] = [
      this.#take(ask(api.GET('/v1/jobs/{job_id}/offers', { params: most })), (data) => (this.offers = data.items)),
      this.#take(ask(api.GET('/v1/jobs/{job_id}/events', { params: most })), (data) => (this.events = data.items)),
      this.#visits(answer.data),
    ]
    if (IS_ASKING.includes(answer.data.state)) {
      const some = { path: this.#path, query: { limit: 12 } }
      parts.push(
        this.#take(ask(api.GET('/v1/jobs/{job_id}/candidates', { params: some })), (data) => (this.candidates = data)),
      )
    } else this.candidates = undefined
    if (answer.data.moves.includes('approve')) {
      const own = { query: { job_id: this.id } }
      parts.push(this.#take(ask(api.GET('/v1/approvals', { params: own })), (data) => (this.approval = data.items[0])))
    } else this.approval = undefined
    if (HAS_WORK.includes(answer.data.state)) parts.push(...this.#work(answer.data))
    await Promise.all(parts)
  }

  /** Also where another visit is asked for: what that one needs was written on leaving this one. */
  async #visits(job: Job): Promise<void> {
    const left = job.visits.filter((each) => each.checked_out_at !== null)
    const all = await Promise.all(
      left.map(({ id }) => ask(api.GET('/v1/visits/{visit_id}', { params: { path: { visit_id: id } } }))),
    )
    if (all.every((each) => each.ok)) this.over = all.flatMap((each) => (each.ok ? [each.data] : []))
  }

  #work(job: Job): Promise<unknown>[] {
    const logs = job.visits.map((visit) =>
      ask(api.GET('/v1/visits/{visit_id}/time-log', { params: { path: { visit_id: visit.id } } })),
    )
    return [
      this.#take(
        ask(api.GET('/v1/jobs/{job_id}/deliverables', { params: { path: this.#path } })),
        (data) => (this.checklist = data),
      ),
      this.#take(
        ask(api.GET('/v1/payments', { params: { query: { job_id: this.id } } })),
        (data) => (this.payments = data.items),
      ),
      Promise.all(logs).then((all) => (this.logs = all.flatMap((each) => (each.ok ? [each.data] : [])))),
    ]
  }

  async #take<T>(asked: Promise<Result<T>>, keep: (data: T) => void): Promise<void> {
    const answer = await asked
    if (answer.ok) keep(answer.data)
  }

  start(): () => void {
    void this.renew()
    const timer = setInterval(() => document.hidden || void this.renew(), EVERY_MS)
    const end = net.onBack(() => void this.renew())
    return () => {
      clearInterval(timer)
      end()
    }
  }
}
