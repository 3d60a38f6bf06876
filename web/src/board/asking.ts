// What is to be read again? What changed in quick succession, once and together.

export class Asking {
  readonly #waiting = new Set<string>()
  readonly #gatherMs: number
  readonly #read: (ids: readonly string[]) => Promise<void>
  #timer: ReturnType<typeof setTimeout> | undefined
  #isReading = false

  constructor(gatherMs: number, read: (ids: readonly string[]) => Promise<void>) {
    this.#gatherMs = gatherMs
    this.#read = read
  }

  add(id: string): void {
    this.#waiting.add(id)
    this.#plan(this.#gatherMs)
  }

  /** It could not be read: later, and not at once. */
  again(ids: readonly string[]): void {
    for (const id of ids) this.#waiting.add(id)
    this.#plan(this.#gatherMs * 10)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting.clear()
  }

  #plan(inMs: number): void {
    this.#timer ??= setTimeout(() => void this.#go(), inMs)
  }

  async #go(): Promise<void> {
    this.#timer = undefined
    // One read at a time: what changes meanwhile is read with the next.
    if (this.#isReading) return this.#plan(this.#gatherMs)
    const ids = [...this.#waiting]
    this.#waiting.clear()
    this.#isReading = true
    try {
      if (ids.length > 0) await this.#read(ids)
    } finally {
      this.#isReading = false
    }
  }
}
