// Who is meant by what somebody typed?
import { api, ask, type Result, type Schemas } from './api'

export type Person = Schemas['TechnicianOut']

/** Whoever has this number; else those who have it in their names, so many at most. */
export async function findPeople(
  typed: string,
  most: number,
): Promise<Result<{ items: Person[]; next?: string | null }>> {
  const words = typed.trim()
  const numbered = await ask(api.GET('/v1/technicians', { params: { query: { number: words, limit: 1 } } }))
  if (!numbered.ok || numbered.data.items.length > 0) return numbered
  return ask(api.GET('/v1/technicians', { params: { query: { name: words, limit: most } } }))
}
