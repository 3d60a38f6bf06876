// Where are the states and counties? The outlines of `us-atlas`, decoded: rings of [lng, lat], shared borders once each.
type Arc = readonly (readonly [number, number])[]
type Geometry = { type: string; id?: string; arcs: number[][] | number[][][]; properties: { name: string } }
export type Topology = {
  transform: { scale: [number, number]; translate: [number, number] }
  arcs: Arc[]
  objects: Partial<Record<Kind, { geometries: Geometry[] }>>
}
export type Kind = 'states' | 'counties'
export type Outline = { name: string; rings: [number, number][][] }

/** Every delta-encoded arc as points in degrees. */
function decoded(topology: Topology): [number, number][][] {
  const { scale, translate } = topology.transform
  return topology.arcs.map((arc) => {
    let [x, y] = [0, 0]
    return arc.map(([dx, dy]) => {
      x += dx
      y += dy
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]]
    })
  })
}

/** A ring is made of arcs; one that is written as `~n` runs backwards. */
function ring(arcs: [number, number][][], numbers: number[]): [number, number][] {
  return numbers.flatMap((number, place) => {
    const points = number < 0 ? (arcs[~number] ?? []).toReversed() : (arcs[number] ?? [])
    return place === 0 ? points : points.slice(1)
  })
}

export function outlines(topology: Topology, kind: Kind = 'states'): Outline[] {
  const arcs = decoded(topology)
  return (topology.objects[kind]?.geometries ?? []).map((geometry) => {
    const polygons = (geometry.type === 'Polygon' ? [geometry.arcs] : geometry.arcs) as number[][][]
    return { name: geometry.properties.name, rings: polygons.flat().map((numbers) => ring(arcs, numbers)) }
  })
}
