// What do all faces say?

import type { Problem } from '../server/problems'
import { catalogue, speech } from './speech.svelte'

export const c = catalogue({
  en: () => import('./en/common').then((each) => each.common),
  es: () => import('./es/common').then((each) => each.common),
})

/** A problem in the reader's words; the server's own, in English, where we have none. */
export function problemWords(problem: Problem): string {
  const [first] = problem.errors ?? []
  if (first !== undefined && speech.language === 'en') {
    return `${c().problems.bad_input} ${first.way_out.charAt(0).toUpperCase()}${first.way_out.slice(1)}`
  }
  return c().problems[problem.code] ?? (speech.language === 'en' && problem.detail ? problem.detail : c().failed)
}
