// What does the phone say about the work on site: asking, proving, writing?
import { catalogue, learn } from './speech.svelte'

export const w = catalogue({
  en: () => import('./en/work').then((each) => each.work),
  es: () => import('./es/work').then((each) => each.work),
})

await learn()
