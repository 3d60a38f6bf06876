// What is dragged, over whom, at which time, and what would come of it? Asked meanwhile, shown before it is dropped.
import { move, propose } from './acts.svelte'
import type { Verdict } from './costs'
import { judge } from './judging'
import type { Job } from './live.svelte'
import { type Meaning, meaningOf, shifted, snapped } from './moving'
import { askByName, give, yesOf } from './naming'
import { view } from './view.svelte'

export const ANSWER_MIN = 15
/** Somebody who only passes over a lane asks nothing. */
const REST_MS = 120

export type Named = { id: string; name: string }
type Visit = Job['visits'][number]
type Known = { verdict: Verdict | undefined; yes: string | undefined }
/** Somebody whom a rule keeps out, to be asked all the same. */
export type Wish = {
  job: Job
  who: Named
  verdict: Verdict
  window: Visit['window'] | undefined
  before: Visit['window'] | undefined
}

class Dragging {
  job = $state.raw<Job>()
  over = $state.raw<Named>()
  /** The start of the window or visit at which it is held, where that is another one. */
  startAt = $state.raw<string>()
  wish = $state.raw<Wish>()
  #known = $state.raw<Known>()
  #visit: Visit | undefined
  #holder: Named = { id: '', name: '' }
  #grabbedMs = 0
  #fromMs = 0
  #answers = new Map<string, Promise<Known>>()
  #rest: ReturnType<typeof setTimeout> | undefined

  get verdict(): Verdict | undefined {
    return this.#known?.verdict
  }

  get holder(): Named {
    return this.#holder
  }

  get meaning(): Meaning {
    if (this.over === undefined) return 'nothing'
    const [isMoved, known] = [this.startAt !== undefined, this.#known]
    const hasYes = known?.yes !== undefined
    return meaningOf({ holder: this.#holder.id, over: this.over.id, isMoved, verdict: known?.verdict, hasYes })
  }

  /** `grabbedMs` is how far behind its beginning the bar was taken. */
  begin(job: Job, visitId: string, holder: Named, fromMs: number, grabbedMs: number): void {
    this.#visit = job.visits.find((each) => each.id === visitId)
    this.#holder = holder
    this.#fromMs = fromMs
    this.#grabbedMs = grabbedMs
    this.#answers.clear()
    this.wish = undefined
    this.job = job
  }

  enter(over: Named, atMs: number): void {
    const job = this.job
    if (job === undefined) return
    const start = snapped(atMs - this.#grabbedMs, this.#fromMs)
    const startAt = start === undefined ? undefined : new Date(start).toISOString()
    if (this.over?.id === over.id && this.startAt === startAt) return
    this.over = over
    this.startAt = startAt
    this.#known = undefined
    clearTimeout(this.#rest)
    if (this.meaning === 'wait') this.#rest = setTimeout(() => void this.#ask(job, over, startAt), REST_MS)
  }

  end(): void {
    clearTimeout(this.#rest)
    this.job = undefined
    this.over = undefined
    this.startAt = undefined
    this.#known = undefined
  }

  /** Do what was said; the server judges again. */
  async drop(): Promise<void> {
    const { job, over, startAt, meaning } = this
    const [known, visit] = [this.#known, this.#visit]
    this.end()
    if (job === undefined || over === undefined || visit === undefined) return
    if (meaning !== 'nothing') view.selected = job.id
    const window = startAt === undefined ? undefined : shifted(visit.window, Date.parse(startAt) - this.#fromMs)
    const moved = () => (window ? move(job.id, job.version, window, visit.window) : Promise.resolve(false))
    const asked = () => askByName(job.id, over.id, ANSWER_MIN)
    const work: Partial<Record<Meaning, () => Promise<unknown>>> = {
      propose: () => propose(job.id, visit.id, over.id, startAt ?? ''),
      give: () => give(job.id, known?.yes ?? ''),
      move: moved,
      ask: asked,
      move_and_ask: async () => (await moved()) && (await asked()),
      override: async () => {
        if (known?.verdict) this.wish = { job, who: over, verdict: known.verdict, window, before: visit.window }
      },
    }
    await work[meaning]?.()
  }

  async #ask(job: Job, over: Named, startAt: string | undefined): Promise<void> {
    const name = `${over.id} ${startAt}`
    const answer = this.#answers.get(name) ?? known(job, over.id, startAt)
    this.#answers.set(name, answer)
    const found = await answer
    if (this.job === job && this.over?.id === over.id && this.startAt === startAt) this.#known = found
  }
}

async function known(job: Job, technicianId: string, startAt: string | undefined): Promise<Known> {
  const who = technicianId === '' ? undefined : technicianId
  const [verdict, yes] = await Promise.all([
    judge(job.id, who, startAt),
    who !== undefined && job.num_waiting > 0 ? yesOf(job.id, who) : undefined,
  ])
  return { verdict, yes }
}

export const dragging = new Dragging()
