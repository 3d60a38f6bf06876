// Which work order has this number already? Posting it again posts nothing.
import { api, ask, type Result, type Schemas } from '../../server/api'

/** `number` is the one that was posted: with another one nothing is in the way. */
export type Holder = Pick<Schemas['JobOut'], 'id' | 'number' | 'title'>

/** Of an answer that is no new work order: at the same place it is the one answered, at another it is looked up. */
export async function holderOf(answer: Result<Schemas['JobOut']>, number: string): Promise<Holder | undefined> {
  if (answer.ok) return answer.data
  if (answer.problem.code !== 'conflict') return undefined
  const found = await ask(api.GET('/v1/jobs', { params: { query: { number } } }))
  return found.ok ? found.data.items[0] : undefined
}
