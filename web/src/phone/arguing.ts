// How is what a technician says about their pay and their record made into requests? Kept, then sent.
import type { Schemas } from '../server/api'
import type { Payment } from './account.svelte'
import type { Wish } from './outbox.svelte'
import { outbox } from './outbox.svelte'
import type { Enclosed } from './store'

export type Pay = { payment: Payment; title: string }

const about = ({ payment, title }: Pay) => ({ about: payment.id, title })

const enclosed = (payment: Payment, blobs: readonly Blob[]): { files?: readonly Enclosed[] } =>
  blobs.length === 0
    ? {}
    : { files: blobs.map((blob) => ({ kind: kindOf(blob), of: `job_id=${payment.job_id}`, blob })) }

const kindOf = (blob: Blob): Enclosed['kind'] => (blob.type.startsWith('image/') ? 'photo' : 'document')

export function contest(pay: Pay, extraId: string): Promise<void> {
  const path = `/v1/payments/${pay.payment.id}/extras/${extraId}/answer`
  return outbox.say({ kind: 'contest', ...about(pay), path, body: { answer: 'contest' } })
}

export function travelled(pay: Pay, body: Schemas['TravelIn']): Wish {
  return { kind: 'extra', ...about(pay), path: `/v1/payments/${pay.payment.id}/travel`, body }
}

export function spent(pay: Pay, body: Schemas['ExtraIn'], receipt: readonly Blob[]): Wish {
  const path = `/v1/payments/${pay.payment.id}/extras`
  return { kind: 'extra', ...about(pay), path, body, ...enclosed(pay.payment, receipt) }
}

export function disagree(pay: Pay, body: Schemas['DisputeIn'], evidence: readonly Blob[]): Wish {
  const path = `/v1/payments/${pay.payment.id}/dispute`
  return { kind: 'dispute', ...about(pay), path, body, ...enclosed(pay.payment, evidence) }
}

export function standpoint(
  pay: Pay,
  disputeId: string,
  body: Schemas['StandpointIn'],
  evidence: readonly Blob[],
): Wish {
  const path = `/v1/disputes/${disputeId}/state`
  return { kind: 'state', ...about(pay), path, body, ...enclosed(pay.payment, evidence) }
}

export const giveWay = (pay: Pay, disputeId: string): Wish => ({
  kind: 'concede',
  ...about(pay),
  path: `/v1/disputes/${disputeId}/concede`,
  body: {},
})

export function appeal(point: Schemas['ReputationPointOut'], title: string, words: string): Wish {
  const body: Schemas['AppealIn'] = { event_id: point.event_id, words }
  return { kind: 'appeal', about: point.event_id, title, path: '/v1/appeals', body }
}

export function answerNotice(removalId: string, title: string, answer: string): Wish {
  const body: Schemas['RemovalAnswerIn'] = { answer }
  return { kind: 'answer-notice', about: removalId, title, path: `/v1/removals/${removalId}/answer`, body }
}

/** What a person is to look at: a decision, or what a lapse made of work. */
export type Looked = { of: 'decision' | 'lapse'; id: string }

export function askAgain({ of, id }: Looked, title: string, words: string): Wish {
  const body: Schemas['ReviewIn'] = of === 'lapse' ? { lapse_id: id, words } : { decision_id: id, words }
  return { kind: 'review', about: id, title, path: '/v1/reviews', body }
}
