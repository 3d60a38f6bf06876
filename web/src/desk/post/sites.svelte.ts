// Which of our sites is meant? Asked while somebody types; what was found once is remembered.
import { api, ask, type Schemas } from '../../server/api'
import type { Problem } from '../../server/problems'

type Site = Schemas['SiteOut']

/** Between two keys of somebody who types on. */
const PAUSE_MS = 200
const MOST = 20

export const sayOf = (site: Site): string => `${site.store_number} · ${site.name}, ${site.town}`

export class Sites {
  /** What is offered for what was typed. */
  offered = $state.raw<readonly Site[]>([])
  problem = $state.raw<Problem>()
  /** Nothing of ours is like what was typed. */
  isUnknown = $state(false)
  readonly #known = new Map<string, Site>()
  readonly #found: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #turn = 0

  /** `found` is called when more is known than before. */
  constructor(found: () => void) {
    this.#found = found
  }

  /** The site that somebody means by what they typed, if it is known by now. */
  meant(typed: string): Site | undefined {
    const wanted = typed.trim()
    return [...this.#known.values()].find((each) => sayOf(each) === wanted || each.store_number === wanted)
  }

  async read(id: string): Promise<Site | undefined> {
    const answer = await ask(api.GET('/v1/sites/{site_id}', { params: { path: { site_id: id } } }))
    if (answer.ok) this.#known.set(id, answer.data)
    else if (answer.problem.status !== 404) this.problem = answer.problem
    return answer.ok ? answer.data : undefined
  }

  /** Look for what is typed, once nothing more is typed for a moment. */
  type(typed: string): void {
    clearTimeout(this.#timer)
    this.#turn++
    this.isUnknown = false
    if (this.meant(typed) === undefined) this.#timer = setTimeout(() => void this.look(typed), PAUSE_MS)
  }

  /** Whether there is any such site; of a chosen one's whole name, what stands before the dot is its number. */
  async look(typed: string): Promise<boolean | undefined> {
    const turn = ++this.#turn
    const wanted = typed.split(' · ')[0]?.trim() ?? ''
    const query = wanted ? { search: wanted, limit: MOST } : { limit: MOST }
    const [like, same] = await Promise.all([
      ask(api.GET('/v1/sites', { params: { query } })),
      wanted ? ask(api.GET('/v1/sites', { params: { query: { store_number: wanted } } })) : undefined,
    ])
    // Somebody typed on: theirs is shown.
    if (turn !== this.#turn) return undefined
    this.problem = like.ok ? undefined : like.problem
    if (!like.ok) return undefined
    const found = [...(same?.ok ? same.data.items : []), ...like.data.items]
    for (const each of found) this.#known.set(each.id, each)
    this.offered = [...new Map(found.map((each) => [each.id, each])).values()]
    this.isUnknown = wanted !== '' && this.offered.length === 0
    this.#found()
    return this.offered.length > 0
  }
}
