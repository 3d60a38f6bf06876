// What time is it where the decisions are made? The server's clock, learned from the answers that come anyway.

/**
 * How far the server's clock is ahead of ours, in milliseconds, between two bounds that each answer narrows.
 *
 * `Date` says the second in which the server answered: it was then at least that second, and less than the next one,
 * at some moment between our asking and our hearing.
 */
export class ServerClock {
  #least = Number.NEGATIVE_INFINITY
  #most = Number.POSITIVE_INFINITY
  #before = 0

  /** What was learned when the page was open last holds until there is an answer. */
  remember(offset: number): void {
    this.#before = offset
  }

  learn(date: string | null, askedAt: number, heardAt: number): void {
    const second = date === null ? Number.NaN : Date.parse(date)
    if (Number.isNaN(second)) return
    const least = second - heardAt
    const most = second + 1000 - askedAt
    const agrees = least <= this.#most && most >= this.#least
    // Bounds that cannot both be true: one of the clocks was set meanwhile, and the newest answer knows.
    this.#least = agrees ? Math.max(this.#least, least) : least
    this.#most = agrees ? Math.min(this.#most, most) : most
  }

  /** Milliseconds to add to our own clock. */
  get offset(): number {
    return Number.isFinite(this.#least) ? (this.#least + this.#most) / 2 : this.#before
  }

  now(): number {
    return Date.now() + this.offset
  }
}

export const clock = new ServerClock()
