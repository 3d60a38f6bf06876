// Who is that? Names of technicians by their ids, asked for once for a whole page.
import { api, ask } from '../server/api'

class People {
  #names = $state.raw<ReadonlyMap<string, string>>(new Map())

  /** The name, or nothing where we may not know it. */
  name(id: string | null): string | undefined {
    return id === null ? undefined : this.#names.get(id)
  }

  async learn(ids: readonly (string | null)[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id): id is string => id !== null && !this.#names.has(id)).slice(0, 200)
    if (unknown.length === 0) return
    const answer = await ask(api.GET('/v1/technicians', { params: { query: { id: unknown, limit: 200 } } }))
    if (!answer.ok) return
    this.#names = new Map([...this.#names, ...answer.data.items.map((each) => [each.id, each.name] as const)])
  }
}

export const people = new People()
