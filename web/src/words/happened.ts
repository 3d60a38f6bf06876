import { catalogue } from './speech.svelte'

/** What happened to a work order, and what would let more do it: the same words on the desk and on the board. */
export const h = catalogue({
  en: () => import('./en/happened').then((each) => each.happened),
  es: () => import('./es/happened').then((each) => each.happened),
})

/** What is called what happened; what has no words of ours yet, by its own name. */
export const eventName = (kind: string): string => h().events[kind] ?? kind.replaceAll('_', ' ')
