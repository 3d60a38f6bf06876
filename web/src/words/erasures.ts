// What is said of being erased: by whoever asks for it, and to whoever decides?
import { catalogue, learn } from './speech.svelte'

export const e = catalogue({
  en: () => import('./en/erasures').then((each) => each.erasures),
  es: () => import('./es/erasures').then((each) => each.erasures),
})

await learn()
