import { catalogue, learn } from './speech.svelte'

export const o = catalogue({
  en: () => import('./en/operator').then((each) => each.operator),
  es: () => import('./es/operator').then((each) => each.operator),
})

await learn()
