// What does a pool ask? Its requirement set as the page holds it, and as the API takes it.
import type { Schemas } from '../../server/api'

export type Asks = NonNullable<Schemas['PoolAsksIn']['requirements']>
export type Draft = {
  skills: { code: string; level: number }[]
  credentials: string[]
  agreements: string[]
  percent: string
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
  }
}

/** What was written, with the places and the area that this page shows but does not change. */
export function fromDraft(draft: Draft, requirements: unknown): Asks {
  const { near = [], area = null } = read(requirements)
  return {
    skills: Object.fromEntries(draft.skills.filter((each) => each.code).map(({ code, level }) => [code, level])),
    credentials: draft.credentials,
    agreements: draft.agreements,
    min_reputation: draft.percent === '' ? null : Number(draft.percent) / 100,
    near,
    area,
  }
}
