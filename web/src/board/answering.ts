// How is a technician answered who asks from the site, or proposes another time?
import { api, ask, once, type Schemas } from '../server/api'
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
