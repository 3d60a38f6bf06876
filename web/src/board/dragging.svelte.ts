// What would it cost to give this job to that technician? Asked while it is dragged, shown before it is dropped.
import { api, ask, once, type Schemas } from '../server/api'
import { acts } from './acts.svelte'
import type { Job } from './live.svelte'

/** What the rules say of a technician; `moreS` is the drive beyond that of the best who may. */
export type Verdict = { may: boolean; moreS: number; reasons: readonly string[]; isInReach: boolean }

class Dragging {
  job = $state.raw<Job>()
  /** Over whose lane. */
  over = $state.raw<{ id: string; name: string }>()
  verdict = $state.raw<Verdict>()
  /** It was dropped on somebody who has not said yes. */
  hasNotSaidYes = $state.raw<string>()
  #known = new Map<string, Promise<Verdict | undefined>>()

  begin(job: Job): void {
    this.job = job
    this.hasNotSaidYes = undefined
    this.#known.clear()
  }

  async enter(id: string, name: string): Promise<void> {
    const job = this.job
    if (job === undefined || this.over?.id === id) return
    this.over = { id, name }
    this.verdict = undefined
    const asked = this.#known.get(id) ?? judged(job, id)
    this.#known.set(id, asked)
    const verdict = await asked
    if (this.over?.id === id) this.verdict = verdict
  }

  end(): void {
    this.job = undefined
    this.over = undefined
    this.verdict = undefined
  }

  /** Give it to them, if they said yes and no rule forbids it: the server judges again. */
  async drop(): Promise<void> {
    const [job, over] = [this.job, this.over]
    this.end()
    if (job === undefined || over === undefined) return
    const params = { path: { job_id: job.id }, query: { limit: 200 } }
    const offers = await ask(api.GET('/v1/jobs/{job_id}/offers', { params }))
    const yes = offers.ok
      ? offers.data.items.find((each) => each.technician.id === over.id && each.state === 'requested')
      : undefined
    if (yes) await acts.do(job.id, () => give(job.id, yes.id))
    else this.hasNotSaidYes = over.name
  }
}

const give = (jobId: string, offerId: string) =>
  ask(
    api.POST('/v1/jobs/{job_id}/assignments', {
      params: { path: { job_id: jobId }, ...once() },
      body: { offer_id: offerId },
    }),
  )

async function judged(job: Job, technicianId: string): Promise<Verdict | undefined> {
  const path = { job_id: job.id }
  const [one, all] = await Promise.all([
    ask(
      api.GET('/v1/jobs/{job_id}/candidates/{technician_id}', {
        params: { path: { ...path, technician_id: technicianId } },
      }),
    ),
    ask(api.GET('/v1/jobs/{job_id}/candidates', { params: { path, query: { limit: 1 } } })),
  ])
  if (!one.ok)
    return one.problem.code === 'not_found' ? { may: false, moreS: 0, reasons: [], isInReach: false } : undefined
  return verdictOf(one.data, all.ok ? all.data.candidates[0] : undefined)
}

function verdictOf(
  one: Pick<Schemas['CandidateDetail'], 'may' | 'travel_s' | 'failed'>,
  best: Pick<Schemas['CandidateOut'], 'travel_s'> | undefined,
): Verdict {
  const moreS = Math.max(0, one.travel_s - (best?.travel_s ?? one.travel_s))
  return { may: one.may, moreS, reasons: one.failed.map((each) => each.words), isInReach: true }
}

export const dragging = new Dragging()
