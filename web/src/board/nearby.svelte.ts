// Who could do the job that is chosen or dragged? The best of them: lanes to drop it on, and dots on the map.
import { api, ask, type Schemas } from '../server/api'
import { dragging } from './dragging.svelte'
import { live } from './live.svelte'
import { view } from './view.svelte'

export type Candidate = Schemas['CandidateOut']

const MOST = 12
const WAITS = ['open', 'on_hold', 'unfilled']

export const nameOf = ({ technician }: Candidate): string => technician.name ?? technician.number ?? ''

class Nearby {
  candidates = $state.raw<readonly Candidate[]>([])
  #of: string | undefined

  /** Whose candidates are wanted: nobody's where the job is not asked for. */
  get jobId(): string | undefined {
    const job = dragging.job ?? view.job
    return job !== undefined && WAITS.includes(live.jobs.get(job.id)?.state ?? '') ? job.id : undefined
  }

  async read(jobId: string | undefined): Promise<void> {
    if (this.#of === jobId) return
    this.#of = jobId
    this.candidates = []
    if (jobId === undefined) return
    const params = { path: { job_id: jobId }, query: { limit: MOST } }
    const found = await ask(api.GET('/v1/jobs/{job_id}/candidates', { params }))
    if (found.ok && this.#of === jobId) this.candidates = found.data.candidates
  }
}

export const nearby = new Nearby()
