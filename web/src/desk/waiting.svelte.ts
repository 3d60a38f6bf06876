// How much waits for an answer of whoever works here? Asked for when a page is opened, and when something was answered.
import { api, ask } from '../server/api'

const MOST = 50

class Waiting {
  /** Nothing until it is known. */
  num = $state.raw<number>()
  isMore = $state.raw(false)

  renew = async (): Promise<void> => {
    const answer = await ask(api.GET('/v1/reviews', { params: { query: { to_answer: true, limit: MOST } } }))
    if (!answer.ok) return
    this.num = answer.data.items.length
    this.isMore = answer.data.next !== null
  }
}

export const waiting = new Waiting()
