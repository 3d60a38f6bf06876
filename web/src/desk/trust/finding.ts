// Who has this number? Of those whom the reader may know.
import { api, ask, type Result, type Schemas } from '../../server/api'

export async function findByNumber(number: string): Promise<Result<Schemas['TechnicianOut']>> {
  const answer = await ask(api.GET('/v1/technicians', { params: { query: { number: number.trim() } } }))
  if (!answer.ok) return answer
  const [found] = answer.data.items
  if (found !== undefined) return { ok: true, data: found, etag: null }
  return { ok: false, problem: { status: 404, code: 'nobody_with_number', detail: '' } }
}
