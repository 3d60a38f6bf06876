// What needs a person? The server's list, asked again shortly after anything changed, and now and then without.
import { api, ask, type Schemas } from '../server/api'
import { everything } from '../server/everything'
import { Polled } from '../server/polling.svelte'
import { session } from '../server/session.svelte'
import { live } from './live.svelte'

export type Item = Schemas['TroubleItem']

const SOON_MS = 700
/** After a reading it rests so many times as long as that took: a board full of trouble does not ask all the time. */
const PAUSE = 4
/** More than a board has work: what needs a person is counted, so none may be missing. */
const MOST_PAGES = 100
const NOW_AND_THEN_MS = 15_000

class TroubleNow {
  readonly #polled = new Polled<readonly Item[]>(() =>
    everything((at) => ask(api.GET('/v1/trouble', { params: { query: { ...at, limit: 200 } } })), MOST_PAGES),
  )
  readonly #threads = new Polled<readonly Schemas['ThreadOut'][]>(() =>
    everything((at) => ask(api.GET('/v1/threads', { params: { query: { ...at, unread: true, limit: 200 } } }))),
  )
  /** How long it took to read it all last. */
  #tookMs = 0

  get items(): readonly Item[] | undefined {
    return this.#polled.data
  }

  get problem() {
    return this.#polled.problem
  }

  /** Talks in which somebody waits to be read; by us, so not what the operator looks into. */
  get unread(): readonly Schemas['ThreadOut'][] {
    if (session.me?.role === 'operator') return []
    return this.#threads.data ?? []
  }

  of = (jobId: string): Item[] => (this.items ?? []).filter((item) => item.job?.id === jobId)

  renew = async (): Promise<void> => {
    const began = performance.now()
    await Promise.all([this.#polled.renew(), this.#threads.renew()])
    this.#tookMs = performance.now() - began
  }

  start(): () => void {
    let soon: ReturnType<typeof setTimeout> | undefined
    const ends = [
      this.#polled.start(NOW_AND_THEN_MS),
      this.#threads.start(NOW_AND_THEN_MS * 2),
      live.onChange(() => {
        const again = () => {
          soon = undefined
          void this.renew()
        }
        soon ??= setTimeout(again, Math.max(SOON_MS, PAUSE * this.#tookMs))
      }),
    ]
    return () => {
      clearTimeout(soon)
      for (const end of ends) end()
    }
  }
}

export const trouble = new TroubleNow()
