// How does a form hear what became of what it said? While it stands open it is told a no; what waits longer is kept.
import { onDestroy } from 'svelte'
import type { Result } from '../server/api'
import { NO_ROOM } from '../server/problems'
import { outbox, type Wish } from './outbox.svelte'

/** Longer no form stands open: the answer comes with the news. */
const PATIENCE_MS = 4_000

export type Tell = (wish: Wish) => Promise<Result<undefined>>

/** For a component that goes when its form is closed. */
export function telling(): Tell {
  let isOpen = true
  onDestroy(() => {
    isOpen = false
  })
  return (wish) =>
    new Promise((resolve) => {
      const said = () => resolve({ ok: true, data: undefined, etag: null })
      const hear = (problem: Extract<Result<undefined>, { ok: false }>['problem']) => {
        resolve({ ok: false, problem })
        return isOpen
      }
      setTimeout(said, PATIENCE_MS)
      // What cannot be kept, on a phone that is full, is not lost from sight.
      const fail = () => resolve({ ok: false, problem: NO_ROOM })
      void outbox.say(wish, hear).then(said, fail)
    })
}
