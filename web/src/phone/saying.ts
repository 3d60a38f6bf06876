// How are a technician's words made into requests? Each with what it is about, so that it can be kept and shown.
import type { paths } from '../../generated/api'
import { net } from '../server/net.svelte'
import { clock } from '../time/clock'
import { enclose } from './enclosing'
import { outbox } from './outbox.svelte'
import { findPosition } from './position'
import type { Offer, OpenJob, Stop } from './state.svelte'
import type { EntryKind } from './store'

type Body<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { 'application/json': infer Sent } } }
}
  ? Sent
  : never

const A_MARGIN_MS = 2_000

/** The phone's own time where nobody can be told at once: what was claimed holds. */
export const claimed = (): string | null => (net.isReached ? null : new Date(clock.now() - A_MARGIN_MS).toISOString())

/** What was said last about something and came to nothing, with the files that got through: nobody types it again. */
export function refused<Said>(about: string, kind: EntryKind): Partial<Said> | undefined {
  const last = outbox.entries.findLast((each) => each.about === about && each.kind === kind)
  if (last?.state !== 'refused') return undefined
  return enclose(last.body, last.files?.flatMap((each) => each.id ?? []) ?? []) as Partial<Said>
}

export function accept(offer: Offer, startAt: string | null): Promise<void> {
  const body: Body<'/v1/offers/{offer_id}/accept'> = { terms_version: offer.terms_version, start_at: startAt }
  return outbox.say({
    kind: 'accept',
    about: offer.id,
    title: offer.title,
    path: `/v1/offers/${offer.id}/accept`,
    body,
  })
}

export function decline(offer: Offer, reason: string): Promise<void> {
  const body: Body<'/v1/offers/{offer_id}/decline'> = { reason }
  return outbox.say({
    kind: 'decline',
    about: offer.id,
    title: offer.title,
    path: `/v1/offers/${offer.id}/decline`,
    body,
  })
}

export type Counter = { amount: string | null; startAt: string | null; reason: string; note: string }

export function counter(offer: Offer, wish: Counter): Promise<void> {
  const pay = wish.amount === null ? null : { kind: offer.pay.kind, amount: wish.amount, currency: offer.pay.currency }
  const body = {
    pay,
    start_at: wish.startAt,
    reason: wish.reason,
    note: wish.note,
  } as Body<'/v1/offers/{offer_id}/counter'>
  return outbox.say({
    kind: 'counter',
    about: offer.id,
    title: offer.title,
    path: `/v1/offers/${offer.id}/counter`,
    body,
  })
}

export function request(job: OpenJob): Promise<void> {
  const body: Body<'/v1/open-jobs/{visit_id}/request'> = { role: job.role }
  return outbox.say({
    kind: 'request',
    about: job.visit_id,
    title: job.title,
    path: `/v1/open-jobs/${job.visit_id}/request`,
    body,
  })
}

type Move = 'confirm' | 'leave' | 'late' | 'check-in' | 'check-out'

function move(stop: Stop, kind: Move, body: unknown): Promise<void> {
  return outbox.say({
    kind,
    about: stop.visit_id,
    title: stop.title,
    path: `/v1/visits/${stop.visit_id}/${kind}`,
    body,
  })
}

export const confirm = (stop: Stop): Promise<void> => move(stop, 'confirm', {})

export async function leave(stop: Stop): Promise<void> {
  const body: Body<'/v1/visits/{visit_id}/leave'> = { position: await findPosition() }
  return move(stop, 'leave', body)
}

export function late(stop: Stop, minutes: number): Promise<void> {
  const body: Body<'/v1/visits/{visit_id}/late'> = { minutes }
  return move(stop, 'late', body)
}

export async function checkIn(stop: Stop): Promise<void> {
  const at = claimed()
  return move(stop, 'check-in', { at, position: await findPosition() } as Body<'/v1/visits/{visit_id}/check-in'>)
}

export type Ending = {
  outcome: 'complete' | 'return_needed' | 'could_not_start' | 'back_later'
  why: string | null
  note: string
}

export async function checkOut(stop: Stop, said: Ending): Promise<void> {
  const at = claimed()
  return move(stop, 'check-out', {
    ...said,
    at,
    position: await findPosition(),
  } as Body<'/v1/visits/{visit_id}/check-out'>)
}
