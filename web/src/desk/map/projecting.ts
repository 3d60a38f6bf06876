// Where on the picture is a place? Web Mercator, in units of which the world is 1000 wide, as streets' tiles have it.
export const WORLD = 1000
/** A view is never narrower: about ten kilometres. */
const NEAREST = 0.25
export type View = { x: number; y: number; width: number; height: number }

export function project(lng: number, lat: number): [number, number] {
  const s = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180)
  return [((lng + 180) / 360) * WORLD, (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * WORLD]
}

export function place(x: number, y: number): { lng: number; lat: number } {
  const lng = (x / WORLD) * 360 - 180
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / WORLD))) * 180) / Math.PI
  return { lng, lat }
}

/** The smallest view of a box of degrees. */
export function viewOf(west: number, south: number, east: number, north: number): View {
  const [x, y] = project(west, north)
  const [right, bottom] = project(east, south)
  return { x, y, width: right - x, height: bottom - y }
}

export const UNITED_STATES = viewOf(-125, 24, -66, 50)

/** Half of a view is never less than this to each side, so that one sees where in the country a single place is. */
const LEAST_KM = { wide: 50, high: 30 }

/** All of some places, with room around them. */
export function around(places: readonly { lat: number; lng: number }[]): View {
  if (places.length === 0) return UNITED_STATES
  const [lats, lngs] = [places.map((each) => each.lat), places.map((each) => each.lng)]
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lngs), Math.max(...lngs)]
  const [lat, lng] = [(south + north) / 2, (west + east) / 2]
  const wideDeg = LEAST_KM.wide / (111.2 * Math.cos((lat * Math.PI) / 180))
  const high = Math.max(LEAST_KM.high / 111.2, (north - south) * 0.65)
  const wide = Math.max(wideDeg, (east - west) * 0.65, high * 1.6)
  return viewOf(lng - wide, lat - high, lng + wide, lat + high)
}

/** What a picture of so many pixels really shows: the view in its middle, and what is left of the picture around it. */
export function shownIn(view: View, across: number, down: number): View {
  const unit = unitOf(view, across, down)
  const [width, height] = [across * unit, down * unit]
  return { x: view.x - (width - view.width) / 2, y: view.y - (height - view.height) / 2, width, height }
}

/** How much of the world a pixel is. */
export const unitOf = (view: View, across: number, down: number): number =>
  Math.max(view.width / Math.max(1, across), view.height / Math.max(1, down))

/** How many metres of the ground one unit is, at the middle of a view. */
export function metresPerUnit(view: View): number {
  const { lat } = place(0, view.y + view.height / 2)
  return (40_075_017 / WORLD) * Math.cos((lat * Math.PI) / 180)
}

/** Nearer or further, with one point of the picture staying where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const width = Math.min(WORLD, Math.max(NEAREST, view.width * factor))
  const real = width / view.width
  return { x: x - (x - view.x) * real, y: y - (y - view.y) * real, width, height: view.height * real }
}

export function boxOf(view: View): string {
  const [first, last] = [place(view.x, view.y), place(view.x + view.width, view.y + view.height)]
  const within = (value: number) => Math.max(-179.9, Math.min(179.9, value)).toFixed(3)
  return [within(first.lng), last.lat.toFixed(3), within(last.lng), first.lat.toFixed(3)].join(',')
}
