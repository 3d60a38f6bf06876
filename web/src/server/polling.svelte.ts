// What does the server say now? Asked again and again while somebody looks, for lists that no stream tells.
import type { Result } from './api'
import { net } from './net.svelte'
import type { Problem } from './problems'
import { session } from './session.svelte'

export class Polled<T> {
  data = $state.raw<T>()
  problem = $state.raw<Problem>()
  readonly #ask: () => Promise<Result<T>>
  #asked = 0
  #shown = 0

  constructor(ask: () => Promise<Result<T>>) {
    this.#ask = ask
  }

  renew = async (): Promise<void> => {
    const num = ++this.#asked
    const answer = await this.#ask()
    // What was asked later is known already: an older answer never replaces a newer one.
    if (num < this.#shown) return
    if (answer.ok) {
      this.#shown = num
      this.data = answer.data
    } else if (answer.problem.code === 'unauthenticated') session.end()
    this.problem = answer.ok ? undefined : answer.problem
  }

  /** Ask now, every so often, and when the network is back; returns what ends it. */
  start(everyMs: number): () => void {
    void this.renew()
    const timer = setInterval(() => document.hidden || void this.renew(), everyMs)
    const end = net.onBack(() => void this.renew())
    return () => {
      clearInterval(timer)
      end()
    }
  }
}
