// Where on the picture is a place? Web Mercator, in units of which the world is 1000 wide, as streets' tiles have it.
export const WORLD = 1000
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

/** Nearer or further, with one point of the picture staying where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const width = Math.min(WORLD, Math.max(1, view.width * factor))
  const real = width / view.width
  return { x: x - (x - view.x) * real, y: y - (y - view.y) * real, width, height: view.height * real }
}

export function boxOf(view: View): string {
  const [first, last] = [place(view.x, view.y), place(view.x + view.width, view.y + view.height)]
  const within = (value: number) => Math.max(-179.9, Math.min(179.9, value)).toFixed(3)
  return [within(first.lng), last.lat.toFixed(3), within(last.lng), first.lat.toFixed(3)].join(',')
}
