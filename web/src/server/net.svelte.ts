// Can the server be reached? Known from what was asked last, not from what the device believes.
import { clock } from '../time/clock'
import { insist } from './insisting'

const PATIENCE_MS = 15_000
/** How far the server's clock is ahead, for a page that is opened without a network. */
const AHEAD = 'truckroll.ahead'

class Net {
  isReached = $state(navigator.onLine)
  /** When it was last heard, by its own clock. */
  heardAt = $state(0)
  #back = new Set<() => void>()

  constructor() {
    clock.remember(Number(localStorage.getItem(AHEAD) ?? 0))
    addEventListener('offline', () => {
      this.isReached = false
    })
    addEventListener('online', () => void this.look())
    setInterval(() => this.isReached || void this.look(), 5_000)
  }

  /** Have something done whenever the server is reached again; returns what ends it. */
  onBack(work: () => void): () => void {
    this.#back.add(work)
    return () => this.#back.delete(work)
  }

  /** Ask whether it lives. */
  async look(): Promise<void> {
    await this.fetch(new Request('/v1/health/live', { cache: 'no-store' })).catch(() => undefined)
  }

  /** Ask, with a limit to our patience, and learn from the answer. */
  fetch = (request: Request): Promise<Response> => this.send(request, PATIENCE_MS)

  /** The same with more patience, for what is large. */
  send = (request: Request, patienceMs: number): Promise<Response> =>
    insist(request, (asked) => this.#once(asked, patienceMs))

  async #once(request: Request, patienceMs: number): Promise<Response> {
    const askedAt = Date.now()
    try {
      const answer = await fetch(request, {
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(patienceMs)]),
      })
      clock.learn(answer.headers.get('Date'), askedAt, Date.now())
      localStorage.setItem(AHEAD, String(clock.offset))
      this.heard()
      return answer
    } catch (error) {
      if (!request.signal.aborted) this.isReached = false
      throw error
    }
  }

  heard(): void {
    this.heardAt = clock.now()
    if (this.isReached) return
    this.isReached = true
    for (const work of this.#back) work()
  }
}

export const net = new Net()
