// What is looked at? One selection and one filter for the list, the timeline and whatever else shows the board.

import { startOf, whoHas } from './export'
import { type Job, live } from './live.svelte'
import { risking } from './risking.svelte'

export type Shape = 'list' | 'timeline' | 'map'
export type Part = 'answers' | 'why' | 'asked' | 'talk' | 'whyNot'
export const STATES = [
  '',
  'draft',
  'open',
  'assigned',
  'in_progress',
  'on_hold',
  'unfilled',
  'done',
  'sent_back',
  'disputed',
] as const
export type Wish = (typeof STATES)[number]

class View {
  shape = $state<Shape>('list')
  /** A link from elsewhere names the job. */
  selected = $state(new URLSearchParams(location.search).get('job') ?? undefined)
  /** The part of the chosen job that somebody wants to be brought to. */
  part = $state<Part>()
  /** Of whom somebody asked why not. */
  who = $state.raw<{ id: string; name: string }>()
  search = $state('')
  state = $state<Wish>('')
  isTroubledOnly = $state(false)
  /** The day of the timeline, as days from today. */
  dayOffset = $state(0)
  /** By the clock of which sites the timeline is drawn, where somebody chose. */
  zone = $state<string>()

  /** What is seen, by when it begins; worked out once for all who show it. */
  jobs: readonly Job[] = $derived.by(() => {
    const words = this.search.trim().toLowerCase()
    const has = (job: Job) =>
      [job.number, job.title, job.site.store_number, job.site.town, ...whoHas(job)].some((each) =>
        each.toLowerCase().includes(words),
      )
    return [...live.jobs.values()]
      .filter(
        (job) =>
          (this.state === '' || job.state === this.state) && (!this.isTroubledOnly || risking.of(job).length > 0),
      )
      .filter((job) => words === '' || has(job))
      .map((job) => ({ job, start: startOf(job) ?? '' }))
      .sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0))
      .map(({ job }) => job)
  })

  /** Look at a job, and at a part of it. */
  open = (jobId: string, part?: Part): void => {
    this.selected = jobId
    this.part = part
  }

  get job(): Job | undefined {
    return this.selected === undefined ? undefined : live.jobs.get(this.selected)
  }
}

export const view = new View()
