import { catalogue, learn } from './speech.svelte'

export const k = catalogue({
  en: () => import('./en/clients').then((each) => each.clients),
  es: () => import('./es/clients').then((each) => each.clients),
})

await learn()
