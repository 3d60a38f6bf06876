import { catalogue, learn } from './speech.svelte'

export const d = catalogue({
  en: () => import('./en/disputes').then((each) => each.disputes),
  es: () => import('./es/disputes').then((each) => each.disputes),
})

await learn()
