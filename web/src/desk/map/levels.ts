// How well is a part of the map covered? Five steps; between one and four a client is told no number.
import type { Schemas } from '../../server/api'

export type Cell = Schemas['CellOut']

export function levelOf(cell: Cell): number {
  const num = cell.num_may
  if (num === null) return 1
  if (num === 0) return 0
  return num < 5 ? 1 : num < 20 ? 2 : num < 100 ? 3 : 4
}
