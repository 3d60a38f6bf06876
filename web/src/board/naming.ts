// How is somebody asked by name, or given what they said yes to?
import { api, ask, once, type Result, type Schemas } from '../server/api'
import { money } from '../time/format'
import { d } from '../words/drawer'
import { speech } from '../words/speech.svelte'
import { acts } from './acts.svelte'

export const WHYS = ['knows_the_site', 'trained', 'nobody_else', 'site_asked', 'other'] as const
/** Why a choice is taken back at once. */
const BACK = 'other'
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

type Answer = Schemas['AnswerOut']

/** Give the work to somebody who said yes. */
export const give = (jobId: string, offerId: string) =>
  bind(jobId, () => {
    const params = { path: { job_id: jobId }, ...once() }
    return ask(api.POST('/v1/jobs/{job_id}/assignments', { params, body: { offer_id: offerId } }))
  })

/** Give the work to somebody on the terms that they asked for. */
export const agreeTo = (jobId: string, counterId: string) =>
  bind(jobId, () => {
    const params = { path: { counter_id: counterId }, ...once() }
    return ask(api.POST('/v1/counters/{counter_id}/accept', { params }))
  })

/** It binds both sides: taken back it is a cancellation to them, with what the terms say is owed. */
function bind(jobId: string, work: () => Promise<Result<Answer>>): Promise<boolean> {
  let made = ''
  const there = async () => {
    const answer = await work()
    if (answer.ok) made = answer.data.assignment_id ?? ''
    return answer
  }
  const back = () => {
    const params = { path: { assignment_id: made }, ...once() }
    return ask(api.POST('/v1/assignments/{assignment_id}/release', { params, body: { why: BACK } }))
  }
  return acts.do(jobId, there, back, () => binding(jobId, made))
}

/** What the terms would owe, were it taken back now. */
async function binding(jobId: string, assignmentId: string): Promise<string> {
  const params = { path: { job_id: jobId }, query: { why: BACK } }
  const cost = await ask(api.GET('/v1/jobs/{job_id}/cancellation', { params }))
  if (!cost.ok) return d().binding.told
  const owed = cost.data.owed.find((each) => each.assignment_id === assignmentId)?.charges ?? []
  const sums = owed.map((each) => money(each.amount, each.currency, speech.locale))
  return `${d().binding.told} ${sums.length === 0 ? d().binding.free : d().binding.owed(sums.join(' + '))}`
}

/** The yes of this technician that waits for a pick, if there is one. */
export async function yesOf(jobId: string, technicianId: string): Promise<string | undefined> {
  const params = { path: { job_id: jobId }, query: { limit: 200 } }
  const offers = await ask(api.GET('/v1/jobs/{job_id}/offers', { params }))
  if (!offers.ok) return undefined
  return offers.data.items.find((each) => each.technician.id === technicianId && each.state === 'requested')?.id
}
