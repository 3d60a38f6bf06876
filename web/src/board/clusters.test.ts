import { expect, test } from 'vitest'
import { clustersOf } from './clusters'

const at = ([x, y]: [number, number]): [number, number] => [x, y]

test('what lies in one square is one spot at its middle, and the chosen one stands apart', () => {
  const chosen: [number, number] = [1, 1]
  const found = clustersOf([[1, 2], [3, 4], chosen, [12, 2]], at, 10, (item) => item === chosen)
  expect(found.map(({ x, y, items }) => [x, y, items.length])).toEqual([
    [2, 3, 2],
    [1, 1, 1],
    [12, 2, 1],
  ])
})
