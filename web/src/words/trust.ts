import { catalogue } from './speech.svelte'

export const t = catalogue({
  en: () => import('./en/trust').then((each) => each.trust),
  es: () => import('./es/trust').then((each) => each.trust),
})
