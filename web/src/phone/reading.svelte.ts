// What did the server say last, and when? Shown at once from what is kept, then made new.
import { untrack } from 'svelte'
import type { Result } from '../server/api'
import { net } from '../server/net.svelte'
import type { Problem } from '../server/problems'
import { session } from '../server/session.svelte'
import { clock } from '../time/clock'
import { store } from './store'

export class Reading<T> {
  data = $state.raw<T>()
  /** When this was true, by the server's clock; 0 while there is nothing. */
  readAt = $state(0)
  problem = $state.raw<Problem>()
  isLoading = $state(true)
  readonly #name: string
  readonly #ask: () => Promise<Result<T>>

  constructor(name: string, ask: () => Promise<Result<T>>) {
    this.#name = name
    this.#ask = ask
  }

  /** Show what is kept, then what is true; whoever asks for it in an effect does not ask again for what came. */
  load(): Promise<void> {
    return untrack(() => this.#load())
  }

  async #load(): Promise<void> {
    if (this.data === undefined) {
      const kept = await store.read(this.#name)
      if (kept !== undefined && this.readAt < kept.readAt) {
        this.data = kept.data as T
        this.readAt = kept.readAt
      }
    }
    await this.renew()
  }

  async renew(): Promise<void> {
    this.isLoading = true
    const answer = await this.#ask()
    this.isLoading = false
    if (answer.ok) await this.take(answer.data)
    else if (answer.problem.code === 'unauthenticated') session.end()
    else this.problem = answer.problem
  }

  /** Something newer was told. */
  async take(data: T): Promise<void> {
    this.problem = undefined
    this.isLoading = false
    this.data = data
    this.readAt = clock.now()
    // Where there is no room for it, it is shown all the same.
    await store.keep(this.#name, data, this.readAt).catch(() => undefined)
  }

  /** As if nothing had been read. */
  clear(): void {
    this.data = undefined
    this.problem = undefined
    this.readAt = 0
    this.isLoading = true
  }

  /** Old, and nobody could be asked: its age has to be said. */
  get isOld(): boolean {
    return this.data !== undefined && (!net.isReached || this.problem !== undefined)
  }
}
