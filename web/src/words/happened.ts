import type { Schemas } from '../server/api'
import { money } from '../time/format'
import { codeName } from './names'
import { catalogue, learn, speech } from './speech.svelte'

/** What happened to a work order, and what would let more do it: the same words on the desk and on the board. */
export const h = catalogue({
  en: () => import('./en/happened').then((each) => each.happened),
  es: () => import('./es/happened').then((each) => each.happened),
})

await learn()

/** What is called what happened; what has no words of ours yet, by its own name. */
/** What says nothing that the event beside it does not say. */
const QUIET = ['made', 'noticed']

export const isTold = ({ kind }: { readonly kind: string }): boolean => !QUIET.includes(kind)

export const eventName = (kind: string): string => h().events[kind] ?? kind.replaceAll('_', ' ')

/** What would let more do it; money as the reader writes it, with its currency. */
export function changeName({ kind, subject, after, currency, words }: Schemas['ChangeOut']): string {
  const told = currency && after ? money(after, currency, speech.locale) : after
  return h().changes[kind]?.(codeName(subject), told) ?? words
}
