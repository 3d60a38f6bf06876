// Which jobs stand apart on the map, and which stand too close together to be told apart? Those are counted.
export type Spot<T> = { x: number; y: number; items: T[] }

/** Items by squares of the picture, each at the middle of what is in it; `apart` items are never gathered. */
export function clustersOf<T>(
  items: readonly T[],
  at: (item: T) => [number, number],
  size: number,
  isApart: (item: T) => boolean,
): Spot<T>[] {
  const squares = new Map<string, Spot<T>>()
  for (const item of items) {
    const [x, y] = at(item)
    const name = isApart(item) ? `apart ${squares.size}` : `${Math.floor(x / size)} ${Math.floor(y / size)}`
    const spot = squares.get(name)
    if (spot === undefined) squares.set(name, { x, y, items: [item] })
    else {
      const num = spot.items.push(item)
      spot.x += (x - spot.x) / num
      spot.y += (y - spot.y) / num
    }
  }
  return [...squares.values()]
}
