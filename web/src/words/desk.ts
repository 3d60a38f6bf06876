import { catalogue } from './speech.svelte'

export const t = catalogue({
  en: () => import('./en/desk').then((each) => each.desk),
  es: () => import('./es/desk').then((each) => each.desk),
})
