// What is in a list, all of it? For what is chosen from or counted, where a page would leave out what somebody looks for.
import type { Result } from './api'
import type { At, PageOf } from './pages.svelte'

/** A list that is longer is no list to choose from; it ends there, unless more is asked for. */
const MOST_PAGES = 25

/** Page after page; what came before a page that failed is not told, since nobody would see what is missing. */
export async function everything<T>(
  ask: (at: At) => Promise<Result<PageOf<T>>>,
  mostPages = MOST_PAGES,
): Promise<Result<readonly T[]>> {
  const items: T[] = []
  let at: At = {}
  for (let num = 0; num < mostPages; num++) {
    const answer = await ask(at)
    if (!answer.ok) return answer
    items.push(...answer.data.items)
    if (answer.data.next === null) break
    at = { cursor: answer.data.next }
  }
  return { ok: true, data: items, etag: null }
}
