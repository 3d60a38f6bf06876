// What does one side say of a dispute? As it is typed, as it is sent, and as it was answered.
import type { Schemas } from '../../server/api'

export type Typed = { hours: string; amount: string; note: string; files: string[] }
export type Said = { hours?: string | null; amount?: string | null; note?: string; files?: string[] }

export const SUM = '[0-9]+([.,][0-9]{1,2})?'

export const nothing = (): Typed => ({ hours: '', amount: '', note: '', files: [] })

/** A number as the API reads it, whichever sign its reader separates it with. */
export const plainNumber = (typed: string): string => typed.trim().replace(',', '.')

const number = (typed: string): string | null => plainNumber(typed) || null

export function toPosition({ hours, amount, note, files }: Typed): Schemas['StandpointIn'] {
  return { hours: number(hours), amount: number(amount), note: note.trim(), files: [...files] }
}

export const typedAs = (said: Said | undefined): Typed => ({
  hours: said?.hours ?? '',
  amount: said?.amount ?? '',
  note: said?.note ?? '',
  files: [...(said?.files ?? [])],
})
