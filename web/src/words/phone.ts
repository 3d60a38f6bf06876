// What does the technician's phone say?
import { phone as en } from './en/phone'
import { catalogue } from './speech.svelte'

export const t = catalogue(en, { es: () => import('./es/phone').then((each) => each.phone) })

/** A code of the server's that has no words of ours, made readable. */
export const plain = (code: string): string => code.replaceAll('_', ' ')
