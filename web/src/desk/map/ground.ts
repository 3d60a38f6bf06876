// What says where one is? Outlines as paths with the middle of each, the length of a scale, and names that fit.
import { distance, metresOf } from '../../time/format'
import { project, type View } from './projecting'
import type { Outline } from './topology'

export type Area = { name: string; path: string; box: View; x: number; y: number }
export type Name = { key: string; words: string; x: number; y: number; kind: 'state' | 'county' | 'town' }
export type Scale = { metres: number; pixels: number; words: string }

type Ring = readonly (readonly [number, number])[]

/** The middle of what a ring encloses, and how much that is. */
function middleOf(ring: Ring): { x: number; y: number; size: number } {
  let [twice, x, y] = [0, 0, 0]
  ring.forEach(([px, py], place) => {
    const [qx, qy] = ring[(place + 1) % ring.length] ?? [px, py]
    const cross = px * qy - qx * py
    twice += cross
    x += (px + qx) * cross
    y += (py + qy) * cross
  })
  return twice === 0 ? { x: 0, y: 0, size: 0 } : { x: x / (3 * twice), y: y / (3 * twice), size: Math.abs(twice) / 2 }
}

/** An outline on the picture; its name stands in the middle of its largest part. */
export function areaOf({ name, rings }: Outline): Area {
  const drawn = rings.map((ring) => ring.map(([lng, lat]) => project(lng, lat)))
  const path = drawn
    .map((ring) => `M${ring.map((at) => at.map((each) => each.toFixed(3)).join(' ')).join('L')}Z`)
    .join('')
  const largest = drawn.map((ring) => ({ ring, ...middleOf(ring) })).sort((one, other) => other.size - one.size)[0]
  const [xs, ys] = [drawn.flat().map(([x]) => x), drawn.flat().map(([, y]) => y)]
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  const box = { x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top }
  return { name, path, box, x: largest?.x ?? left, y: largest?.y ?? top }
}

export const touches = (one: View, other: View): boolean =>
  one.x <= other.x + other.width &&
  other.x <= one.x + one.width &&
  one.y <= other.y + other.height &&
  other.y <= one.y + one.height

/** Round lengths are read at once. */
const ROUND = [5, 2, 1] as const

/** The longest round length of the reader's unit that takes up no more than so many pixels. */
export function scaleOf(metresPerPixel: number, most: number, locale: string): Scale {
  const unit = metresOf(locale)
  const room = (metresPerPixel * most) / unit
  const ten = 10 ** Math.floor(Math.log10(room))
  const metres = ten * (ROUND.find((each) => each * ten <= room) ?? 1) * unit
  return { metres, pixels: metres / metresPerPixel, words: distance(metres, locale) }
}

/** About how large a name is in pixels, with some air. */
const HIGH = 18
const wideOf = (words: string): number => words.length * 7 + 14

/** The names that have room, in the order in which they are given: none lies over another, or out of sight. */
export function placed(names: readonly Name[], seen: View, unit: number): Name[] {
  const taken: View[] = []
  return names.filter(({ words, x, y, kind }) => {
    const [width, height] = [wideOf(words) * unit, HIGH * unit]
    // A town's name stands beside its dot, others around their middle.
    const box = { x: kind === 'town' ? x - 4 * unit : x - width / 2, y: y - height / 2, width, height }
    const isIn = x >= seen.x && x <= seen.x + seen.width && y >= seen.y && y <= seen.y + seen.height
    if (!isIn || taken.some((other) => touches(box, other))) return false
    taken.push(box)
    return true
  })
}
