import { catalogue, learn } from './speech.svelte'

export const m = catalogue({
  en: () => import('./en/mornings').then((each) => each.mornings),
  es: () => import('./es/mornings').then((each) => each.mornings),
})

await learn()
