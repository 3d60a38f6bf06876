// Who could do the job that is chosen or dragged? The best of them: lanes to drop it on, and dots on the map.
import { api, ask, type Schemas } from '../server/api'
import { dragging } from './dragging.svelte'
import { type Job, live } from './live.svelte'
import { view } from './view.svelte'

export type Candidate = Schemas['CandidateOut']

const MOST = 12
const WAITS = ['open', 'on_hold', 'unfilled']

export const nameOf = ({ technician }: Candidate): string => technician.name ?? technician.number ?? ''

class Nearby {
  candidates = $state.raw<readonly Candidate[]>([])
  #of = ''

  /** Whose candidates are wanted: nobody's where the job is not asked for. */
  get wanted(): Pick<Job, 'id' | 'version'> | undefined {
    const chosen = dragging.job ?? view.job
    const job = chosen && live.jobs.get(chosen.id)
    return job !== undefined && WAITS.includes(job.state) ? job : undefined
  }

  /** Read once for a job as it is: when it was moved, anew. */
  async read(job: Pick<Job, 'id' | 'version'> | undefined): Promise<void> {
    const name = job === undefined ? '' : `${job.id} ${job.version}`
    if (this.#of === name) return
    if (!this.#of.startsWith(job?.id ?? 'nobody')) this.candidates = []
    this.#of = name
    if (job === undefined) return
    const params = { path: { job_id: job.id }, query: { limit: MOST } }
    const found = await ask(api.GET('/v1/jobs/{job_id}/candidates', { params }))
    if (found.ok && this.#of === name) this.candidates = found.data.candidates
  }
}

export const nearby = new Nearby()
