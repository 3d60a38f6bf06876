// How is what a technician says about a visit made into requests? Each is kept, and sent when there is a network.
import type { Schemas } from '../server/api'
import { outbox, type Wish } from './outbox.svelte'
import { claimed } from './saying'
import type { Enclosed } from './store'

/** What it is said about. */
export type Work = { visit_id: string; job_id: string; title: string }

type Said = Pick<Wish, 'kind' | 'path'> & { body: unknown; files?: readonly Enclosed[] }

const say = (work: Work, said: Said): Promise<void> => outbox.say({ about: work.visit_id, title: work.title, ...said })

export function handIn(work: Work, body: Schemas['DeliverableIn'], file?: Enclosed): Promise<void> {
  const path = `/v1/visits/${work.visit_id}/deliverables`
  return say(work, { kind: 'hand-in', path, body, ...(file && { files: [file] }) })
}

export const finish = (work: Work): Promise<void> =>
  say(work, { kind: 'finish', path: `/v1/jobs/${work.job_id}/finish`, body: {} })

export const askFromSite = (work: Work, body: Schemas['SiteRequestIn']): Promise<void> =>
  say(work, { kind: 'ask', path: `/v1/visits/${work.visit_id}/site-requests`, body })

export const needNot = (work: Work, requestId: string): Promise<void> =>
  say(work, { kind: 'need-not', path: `/v1/site-requests/${requestId}/withdraw`, body: {} })

export function tellOfPart(work: Work, partId: string, kind: 'receive' | 'lose', note: string): Promise<void> {
  const body: Schemas['PartMoveIn'] = note ? { note } : {}
  return say(work, { kind, path: `/v1/parts/${partId}/${kind}`, body })
}

export function proposeStart(work: Work, startAt: string, note: string): Promise<void> {
  const body: Schemas['ProposalIn'] = { time: { start_at: startAt }, reason: 'technician_asks', note }
  return say(work, { kind: 'propose', path: `/v1/visits/${work.visit_id}/proposals`, body })
}

export const rate = (work: Work, stars: number): Promise<void> =>
  say(work, { kind: 'rate', path: `/v1/visits/${work.visit_id}/ratings`, body: { stars } })

export function reportIncident(work: Work, kind: Schemas['IncidentIn']['kind'], note: string, photos: readonly Blob[]) {
  const body: Schemas['IncidentIn'] = { kind, note, files: [] }
  const path = `/v1/visits/${work.visit_id}/incidents`
  return say(work, { kind: 'incident', path, body, files: photos.map((blob) => ({ kind: 'photo', blob })) })
}

export type Switch = Pick<Schemas['SwitchIn'], 'kind' | 'reason'>

export function switchTime(work: Work, to: Switch): Promise<void> {
  const at = claimed()
  return say(work, { kind: 'switch', path: `/v1/visits/${work.visit_id}/time`, body: { ...to, at } })
}

export function answerCorrection(work: Work, id: string, wish: 'accept' | 'refuse'): Promise<void> {
  return say(work, { kind: ANSWERS[wish], path: `/v1/visits/${work.visit_id}/corrections/${id}/${wish}`, body: {} })
}

/** `words` are for the person who looks at it, where one does. */
export function handBack(work: Work, assignmentId: string, why: string, words = ''): Promise<void> {
  const body: Schemas['HandBackIn'] = { why, words }
  return say(work, { kind: 'hand-back', path: `/v1/assignments/${assignmentId}/back-out`, body })
}

const ANSWERS = { accept: 'agree', refuse: 'refuse', withdraw: 'take-back' } as const

export function answerProposal(work: Work, proposalId: string, wish: keyof typeof ANSWERS): Promise<void> {
  const body: Partial<Schemas['WhyIn']> = wish === 'accept' ? {} : { why: 'technician_says_so' }
  return say(work, { kind: ANSWERS[wish], path: `/v1/proposals/${proposalId}/${wish}`, body })
}
