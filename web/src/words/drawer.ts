import { catalogue } from './speech.svelte'

/** What the board says of the job that is chosen: what waits for an answer, what is said, what is printed. */
export const d = catalogue({
  en: () => import('./en/drawer').then((each) => each.drawer),
  es: () => import('./es/drawer').then((each) => each.drawer),
})
