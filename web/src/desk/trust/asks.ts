// What does a pool ask? Its requirement set as the page holds it, and as the API takes it.
import type { Schemas } from '../../server/api'

export type Asks = NonNullable<Schemas['PoolAsksIn']['requirements']>
export type Draft = {
  skills: { code: string; level: number }[]
  credentials: string[]
  agreements: string[]
  percent: string
  near: { lat: number; lng: number; km: number }[]
  area: Record<string, unknown> | null
}

const isAsks = (value: unknown): value is Partial<Asks> => typeof value === 'object' && value !== null

export const read = (requirements: unknown): Partial<Asks> => (isAsks(requirements) ? requirements : {})

export function toDraft(requirements: unknown): Draft {
  const asks = read(requirements)
  return {
    skills: Object.entries(asks.skills ?? {}).map(([code, level]) => ({ code, level })),
    credentials: [...(asks.credentials ?? [])],
    agreements: [...(asks.agreements ?? [])],
    percent: asks.min_reputation == null ? '' : String(Math.round(asks.min_reputation * 100)),
    near: (asks.near ?? []).map((each) => ({ ...each })),
    area: asks.area ?? null,
  }
}

export function fromDraft(draft: Draft): Asks {
  return {
    skills: Object.fromEntries(draft.skills.filter((each) => each.code).map(({ code, level }) => [code, level])),
    credentials: draft.credentials,
    agreements: draft.agreements,
    min_reputation: draft.percent === '' ? null : Number(draft.percent) / 100,
    near: draft.near,
    area: draft.area,
  }
}

type Shape = { type?: string; coordinates?: unknown; geometry?: Shape; features?: Shape[] }

/** The polygon of a GeoJSON file: alone, as a feature, or the first of a collection; nothing where there is none. */
export function areaIn(text: string): Draft['area'] | undefined {
  try {
    let shape = JSON.parse(text) as Shape | undefined
    if (shape?.type === 'FeatureCollection') shape = shape.features?.[0]
    if (shape?.type === 'Feature') shape = shape.geometry
    const isArea = shape?.type === 'Polygon' || shape?.type === 'MultiPolygon'
    return isArea ? { type: shape?.type, coordinates: shape?.coordinates } : undefined
  } catch {
    return undefined
  }
}

/** Its corners, to tell one area from another. */
export function cornersOf(area: Draft['area']): number {
  const count = (value: unknown): number => {
    if (!Array.isArray(value)) return 0
    return typeof value[0] === 'number' ? 1 : value.reduce((sum: number, each) => sum + count(each), 0)
  }
  return count(area?.coordinates)
}
