// What do all faces say?

import type { Problem } from '../server/problems'
import { catalogue, speech } from './speech.svelte'

export const c = catalogue({
  en: () => import('./en/common').then((each) => each.common),
  es: () => import('./es/common').then((each) => each.common),
})

/** A problem in the reader's words: which rule or field, where the face has learned to say it. */
export const problemWords = (problem: Problem): string =>
  speech.refusal?.(problem) ?? c().problems[problem.code] ?? c().failed
