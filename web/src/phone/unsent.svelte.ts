// Which photos are here that were not sent, and what did somebody sign? Kept as what is typed is: over a closed panel, a
// reload and the battery, until they are sent or left out, or somebody signs out.
import { clock } from '../time/clock'
import { store } from './store'

/** The photos of one form about one thing, or one signature. */
export class Unsent {
  /** What was kept before is here: until then nothing is added, so that nothing is written over. */
  isRead = $state(false)
  /** What is here would not outlive the page: the phone has no room. */
  isFull = $state(false)
  readonly #name: string
  #blobs = $state.raw<readonly Blob[]>([])
  #last: Promise<void>

  constructor(about: string) {
    this.#name = `unsent ${about}`
    this.#last = this.#read()
  }

  get blobs(): readonly Blob[] {
    return this.#blobs
  }

  set blobs(blobs: readonly Blob[]) {
    this.#blobs = blobs
    // One after the other: what was left out last does not come back.
    this.#last = this.#last.then(() => this.#write(blobs))
  }

  async #read(): Promise<void> {
    const kept = await store.read(this.#name).catch(() => undefined)
    if (this.#blobs.length === 0) this.#blobs = (kept?.data ?? []) as readonly Blob[]
    this.isRead = true
  }

  async #write(blobs: readonly Blob[]): Promise<void> {
    const work = blobs.length === 0 ? store.lose(this.#name) : store.keep(this.#name, blobs, clock.now())
    this.isFull = await work.then(
      () => false,
      () => blobs.length > 0,
    )
  }
}
