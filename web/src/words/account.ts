// What does the phone say about money, record, proofs, hours and settings?
import { catalogue, learn } from './speech.svelte'

export const a = catalogue({
  en: () => import('./en/account').then((each) => each.account),
  es: () => import('./es/account').then((each) => each.account),
})

await learn()
