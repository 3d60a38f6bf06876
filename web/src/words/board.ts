import { catalogue } from './speech.svelte'

export const t = catalogue({
  en: () => import('./en/board').then((each) => each.board),
  es: () => import('./es/board').then((each) => each.board),
})
