// What needs a person? The server's list, asked again shortly after anything changed, and now and then without.
import { api, ask, type Result, type Schemas } from '../server/api'
import { Polled } from '../server/polling.svelte'
import { session } from '../server/session.svelte'
import { live } from './live.svelte'

export type Item = Schemas['TroubleItem']

const SOON_MS = 700
const NOW_AND_THEN_MS = 15_000

class TroubleNow {
  readonly #polled = new Polled<Schemas['PageOf_TroubleItem_']>(
    (): Promise<Result<Schemas['PageOf_TroubleItem_']>> =>
      ask(api.GET('/v1/trouble', { params: { query: { limit: 200 } } })),
  )
  readonly #threads = new Polled<Schemas['PageOf_ThreadOut_']>(() =>
    ask(api.GET('/v1/threads', { params: { query: { limit: 100 } } })),
  )

  get items(): Item[] | undefined {
    return this.#polled.data?.items
  }

  get problem() {
    return this.#polled.problem
  }

  /** Talks in which somebody waits to be read; by us, so not what the operator looks into. */
  get unread(): Schemas['ThreadOut'][] {
    if (session.me?.role === 'operator') return []
    return (this.#threads.data?.items ?? []).filter((each) => each.num_unread > 0)
  }

  of = (jobId: string): Item[] => (this.items ?? []).filter((item) => item.job?.id === jobId)

  renew = async (): Promise<void> => {
    await Promise.all([this.#polled.renew(), this.#threads.renew()])
  }

  start(): () => void {
    let soon: ReturnType<typeof setTimeout> | undefined
    const ends = [
      this.#polled.start(NOW_AND_THEN_MS),
      this.#threads.start(NOW_AND_THEN_MS * 2),
      live.onChange(() => {
        soon ??= setTimeout(() => {
          soon = undefined
          void this.renew()
        }, SOON_MS)
      }),
    ]
    return () => {
      clearTimeout(soon)
      for (const end of ends) end()
    }
  }
}

export const trouble = new TroubleNow()
