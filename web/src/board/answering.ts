// How is a technician answered who asks from the site, or proposes another time?
import { api, ask, once, type Schemas } from '../server/api'
import type { Problem } from '../server/problems'
import { t } from '../words/board'
import { d } from '../words/drawer'
import { acts } from './acts.svelte'

export type SiteRequest = Schemas['SiteRequestOut']
export type Proposal = Schemas['ProposalOut']

export function grant(asked: SiteRequest, body: Schemas['GrantIn']): Promise<boolean> {
  const params = { path: { site_request_id: asked.id }, ...once() }
  return acts.do(asked.job_id, () => ask(api.POST('/v1/site-requests/{site_request_id}/grant', { params, body })))
}

export function refuse(asked: SiteRequest, why: string): Promise<boolean> {
  const params = { path: { site_request_id: asked.id }, ...once() }
  const body = { why }
  return acts.do(asked.job_id, () => ask(api.POST('/v1/site-requests/{site_request_id}/refuse', { params, body })))
}

export function agree(proposal: Proposal): Promise<boolean> {
  const params = { path: { proposal_id: proposal.id }, ...once() }
  return acts.do(proposal.job_id, () => ask(api.POST('/v1/proposals/{proposal_id}/accept', { params })))
}

export function disagree(proposal: Proposal, why: string): Promise<boolean> {
  const params = { path: { proposal_id: proposal.id }, ...once() }
  return acts.do(proposal.job_id, () => ask(api.POST('/v1/proposals/{proposal_id}/refuse', { params, body: { why } })))
}

export function takeBack(proposal: Proposal): Promise<boolean> {
  const params = { path: { proposal_id: proposal.id }, ...once() }
  const body = { why: 'other' }
  return acts.do(proposal.job_id, () => ask(api.POST('/v1/proposals/{proposal_id}/withdraw', { params, body })))
}

/** Which rule says no to what was done, in words; nothing where the problem has its own. */
export function ruleSaid(problem: Problem): string | undefined {
  const [first] = problem.rules ?? []
  if (first === undefined) return undefined
  const free = first === 'free' ? /at most (-?\d+) minutes/.exec(problem.detail)?.[1] : undefined
  if (free !== undefined) return d().failed.free(String(Math.max(0, Number(free))))
  if (first === 'too_long' || first === 'budget') return d().failed[first]
  const known = (problem.rules ?? []).map((each) => t().rules[each])
  return known.every((each) => each !== undefined) ? d().failed.rules(known.join(', ')) : undefined
}
