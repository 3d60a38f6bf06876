// What is in a list that comes page by page? The pages read so far, and the next when somebody wants more.
import type { Result } from './api'
import type { Problem } from './problems'
import { session } from './session.svelte'

/** Where a page begins; the first one nowhere. */
export type At = { cursor?: string }
export type PageOf<T> = { items: T[]; next: string | null }

export class Pages<T> {
  items = $state.raw<readonly T[]>()
  next = $state.raw<string | null>(null)
  problem = $state.raw<Problem>()
  isBusy = $state(false)
  readonly #ask: (at: At) => Promise<Result<PageOf<T>>>
  readonly #also: (items: readonly T[]) => Promise<unknown>
  #turn = 0

  /** `also` brings what belongs to the items of a page, before they are shown. */
  constructor(
    ask: (at: At) => Promise<Result<PageOf<T>>>,
    also: (items: readonly T[]) => Promise<unknown> = async () => undefined,
  ) {
    this.#ask = ask
    this.#also = also
  }

  renew = (): Promise<void> => this.#read(undefined)

  more = (): Promise<void> => this.#read(this.next ?? undefined)

  /** Forget what is shown: another list is asked for. */
  again(): Promise<void> {
    this.items = undefined
    return this.renew()
  }

  async #read(cursor: string | undefined): Promise<void> {
    const turn = ++this.#turn
    this.isBusy = true
    const answer = await this.#ask(cursor === undefined ? {} : { cursor })
    if (answer.ok) await this.#also(answer.data.items)
    // Somebody asked for something else meanwhile: theirs is shown.
    if (turn !== this.#turn) return
    this.isBusy = false
    this.problem = answer.ok ? undefined : answer.problem
    if (answer.ok) {
      this.items = cursor === undefined ? answer.data.items : [...(this.items ?? []), ...answer.data.items]
      this.next = answer.data.next
    } else if (answer.problem.code === 'unauthenticated') session.end()
  }
}
