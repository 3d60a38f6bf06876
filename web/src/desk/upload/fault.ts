// What is wrong with a cell? By its code, or by what its column takes; in English the server says it best.
import type { Schemas } from '../../server/api'
import { t } from '../../words/desk'
import { speech } from '../../words/speech.svelte'

export function faultWords({ code, column, message }: Schemas['RowFault']): string {
  const words = t().upload
  return words.faults[code] ?? (speech.language === 'en' ? message : (words.takes[column] ?? words.badValue))
}
