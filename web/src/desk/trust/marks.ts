// Which marks are ours, and how is one taken back?
import { api, ask, type Schemas } from '../../server/api'
import { everything } from '../../server/everything'
import { Polled } from '../../server/polling.svelte'
import type { Problem } from '../../server/problems'
import { people } from '../people.svelte'

export type Mark = Schemas['OwnMarkOut']

/** All of the client's marks, with the names of those who have one. */
export const ownMarks = (): Polled<readonly Mark[]> =>
  new Polled(async () => {
    const answer = await everything<Mark>((at) =>
      ask(api.GET('/v1/marks', { params: { query: { limit: 200, ...at } } })),
    )
    if (answer.ok) await people.learn(answer.data.map((each) => each.technician_id))
    return answer
  })

/** What went wrong, if something did. */
export async function takeBack(technician_id: string): Promise<Problem | undefined> {
  const answer = await ask(api.DELETE('/v1/technicians/{technician_id}/mark', { params: { path: { technician_id } } }))
  return answer.ok ? undefined : answer.problem
}
