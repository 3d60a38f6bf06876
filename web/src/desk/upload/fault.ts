// What is wrong with a cell? By its code, or by what its column takes; the server's own words where we have none.
import type { Schemas } from '../../server/api'
import { t } from '../../words/desk'
import { speech } from '../../words/speech.svelte'

export function faultWords({ code, column, message }: Schemas['RowFault']): string {
  const words = t().upload
  return words.faults[code] ?? words.takes[column] ?? (speech.language === 'en' ? message : words.badValue)
}
