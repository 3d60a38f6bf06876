import { catalogue, learn } from './speech.svelte'

export const v = catalogue({
  en: () => import('./en/visits').then((each) => each.visits),
  es: () => import('./es/visits').then((each) => each.visits),
})

await learn()
