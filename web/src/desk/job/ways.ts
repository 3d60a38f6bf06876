// Which value would let more do it? As the live count says of a job that is posted already.
import type { ReachQuery, Schemas } from '../../server/api'
import { clock } from '../../time/clock'
import type { Job } from '../state'

/** What a way on changes in the order. */
export type Way = 'raise_pay' | 'widen' | 'move'
export type Proposal = { amount?: string; miles?: string; days?: number; num?: number | null }
export type Proposals = Partial<Record<Way, Proposal>>

const KM_A_MILE = 1.609344
/** The reach of a job that says none itself. */
export const REACH_KM = 160

/** By the pay that would be enough for more, and by the count a day later and further around. */
export function proposals(changes: readonly Schemas['ChangeOut'][], what: readonly Schemas['WhatIfOut'][]): Proposals {
  const found: Proposals = {}
  const pay = changes.find((each) => each.kind === 'pay' && each.after !== '')
  if (pay) found.raise_pay = { amount: pay.after.replace(/\.00$/, '') }
  for (const each of what) {
    if (each.kind === 'day_later') found.move = { days: 1, num: each.num_may }
    else if (each.km) found.widen = { miles: String(Math.round(each.km / KM_A_MILE)), num: each.num_may }
  }
  return found
}

/** What the live count is asked about this job: nothing where its window is over, or its place is no site. */
export function countOf(job: Job): ReachQuery | undefined {
  const visit = job.visits.at(-1)
  const slot = visit?.slots[0]
  const site_id = job.place.site_id
  if (!visit || !slot || !site_id || Date.parse(visit.window.end_at) <= clock.now()) return undefined
  const needs = slot.needs
  const reach_km = job.policy.reach_km
  return {
    site_id,
    ...visit.window,
    duration_min: visit.duration_min,
    asked_time: visit.asked_time,
    skill: Object.entries(needs.skills).map(([code, level]) => `${code}:${level}`),
    credential: needs.credentials,
    clearance: needs.clearance,
    pool: needs.pools,
    market: needs.market,
    pay_kind: slot.pay.kind,
    amount: slot.pay.amount,
    // Without one of its own it is the client's, which the server knows.
    ...(reach_km == null ? {} : { reach_km: Number(reach_km) }),
  }
}

/** Ask the live count about this job. */
export async function readProposals(job: Job, changes: readonly Schemas['ChangeOut'][]): Promise<Proposals> {
  const query = countOf(job)
  if (query === undefined) return proposals(changes, [])
  // Read here alone: what the count means is tried without a browser.
  const { api, ask } = await import('../../server/api')
  const answer = await ask(api.GET('/v1/reach', { params: { query } }))
  if (!answer.ok) return proposals(changes, [])
  return proposals([...changes, ...answer.data.changes], answer.data.what_if)
}
