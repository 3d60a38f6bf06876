// What does the phone say about a technician's own limits, and about work that is given without asking?
import { catalogue, learn } from './speech.svelte'

export const l = catalogue({
  en: () => import('./en/limits').then((each) => each.limits),
  es: () => import('./es/limits').then((each) => each.limits),
})

await learn()
