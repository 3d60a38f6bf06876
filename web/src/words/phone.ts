// What does the technician's phone say?
import { catalogue } from './speech.svelte'

export const t = catalogue({
  en: () => import('./en/phone').then((each) => each.phone),
  es: () => import('./es/phone').then((each) => each.phone),
})

/** A code of the server's that has no words of ours, made readable. */
export const plain = (code: string): string => code.replaceAll('_', ' ')
