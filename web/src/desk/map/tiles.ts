// Which pictures of streets lie beneath a view, if this installation has any? Web Mercator, the world as one square at 0.
import { type View, WORLD } from './projecting'

export type Tile = { key: string; href: string; x: number; y: number; size: number }

const MOST_ZOOM = 18

/** The tiles that cover a view, each about as large as it was drawn for a picture of so many pixels. */
export function tilesOf(view: View, url: string, pixels: number): Tile[] {
  const zoom = Math.max(0, Math.min(MOST_ZOOM, Math.round(Math.log2((WORLD / view.width) * (pixels / 256)))))
  const num = 2 ** zoom
  const size = WORLD / num
  const last = (edge: number) => Math.min(num - 1, Math.floor(edge / size))
  const found: Tile[] = []
  for (let x = Math.max(0, Math.floor(view.x / size)); x <= last(view.x + view.width); x++) {
    for (let y = Math.max(0, Math.floor(view.y / size)); y <= last(view.y + view.height); y++) {
      const href = url.replace('{z}', `${zoom}`).replace('{x}', `${x}`).replace('{y}', `${y}`)
      found.push({ key: `${zoom}/${x}/${y}`, href, x: x * size, y: y * size, size })
    }
  }
  return found
}
