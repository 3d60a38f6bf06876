// How is somebody asked by name, or given what they said yes to?
import { api, ask, once, type Result, type Schemas } from '../server/api'
import { acts } from './acts.svelte'

export const WHYS = ['knows_the_site', 'trained', 'nobody_else', 'site_asked', 'other'] as const
export type Why = (typeof WHYS)[number]
export type Override = { rules: string[]; why: Why }

/** Ask one technician, before all who are not asked yet; taken back while they have not answered. */
export async function askByName(
  jobId: string,
  technicianId: string,
  minutes: number,
  override?: Override,
): Promise<boolean> {
  let made: Schemas['AskedOut'] | undefined
  const body = { technician_id: technicianId, answer_min: minutes, ...(override && { override }) }
  const asked = async (): Promise<Result<unknown>> => {
    const params = { path: { job_id: jobId }, ...once() }
    const answer = await ask(api.POST('/v1/jobs/{job_id}/offers', { params, body }))
    if (answer.ok) made = answer.data
    return answer
  }
  const back = () => {
    const params = { path: { offer_id: made?.id ?? '' }, ...once() }
    return ask(api.POST('/v1/offers/{offer_id}/withdraw', { params, body: { why: 'other' } }))
  }
  return acts.do(jobId, asked, back)
}

/** Give the work to somebody who said yes: it binds both sides, and is not undone but reopened. */
export const give = (jobId: string, offerId: string) =>
  acts.do(jobId, () => {
    const params = { path: { job_id: jobId }, ...once() }
    return ask(api.POST('/v1/jobs/{job_id}/assignments', { params, body: { offer_id: offerId } }))
  })

/** The yes of this technician that waits for a pick, if there is one. */
export async function yesOf(jobId: string, technicianId: string): Promise<string | undefined> {
  const params = { path: { job_id: jobId }, query: { limit: 200 } }
  const offers = await ask(api.GET('/v1/jobs/{job_id}/offers', { params }))
  if (!offers.ok) return undefined
  return offers.data.items.find((each) => each.technician.id === technicianId && each.state === 'requested')?.id
}
