// What is said of one's own way in: the password, where one is signed in, and as whom?
import { catalogue, learn } from './speech.svelte'

export const x = catalogue({
  en: () => import('./en/access').then((each) => each.access),
  es: () => import('./es/access').then((each) => each.access),
})

await learn()
