// What does the server say of the technician's own account: money, record, hours, proofs?
import { api, ask, type Once, type Result, type Schemas } from '../server/api'
import { everything } from '../server/everything'
import { session } from '../server/session.svelte'
import { kept } from './kept.svelte'
import type { Reading } from './reading.svelte'

export type Payment = Schemas['PaymentOut']
export type Credential = Schemas['CredentialOut']

const me = () => ({ technician_id: session.me?.technician_id ?? '' })

async function items<T>(asked: Promise<Result<{ items: T[] }>>): Promise<Result<readonly T[]>> {
  const answer = await asked
  return answer.ok ? { ...answer, data: answer.data.items } : answer
}

export const payments = (): Reading<readonly Payment[]> =>
  kept('payments', () => items(ask(api.GET('/v1/payments', { params: { query: { limit: 200 } } }))))

export const disputes = (): Reading<readonly Schemas['DisputeOut'][]> =>
  kept('disputes', () => items(ask(api.GET('/v1/disputes', { params: { query: { limit: 200 } } }))))

export const payouts = (): Reading<readonly Schemas['PayoutOut'][]> =>
  kept('payouts', () => items(ask(api.GET('/v1/payouts', { params: { query: { limit: 50 } } }))))

/** What the work of each assignment is called, and by whose clock it is done. */
export const works = (): Reading<Map<string, { title: string; zone: string }>> =>
  kept('works', async () => {
    const answer = await ask(api.GET('/v1/assignments', { params: { query: { limit: 200 } } }))
    if (!answer.ok) return answer
    return {
      ...answer,
      data: new Map(answer.data.items.map(({ id, title, place }) => [id, { title, zone: place.time_zone }])),
    }
  })

export type Mine = Schemas['TechnicianOut']

/** What is kept of me: where I start from, my own limits, whether I take offers. */
export const mine = (): Reading<Mine> =>
  kept('mine', () => ask(api.GET('/v1/technicians/{technician_id}', { params: { path: me() } })))

/** Change what is named of me, as it was read last; where that was changed meanwhile, it is read again. */
export async function changeMine(named: Partial<Schemas['TechnicianPatch']>): Promise<Result<Mine>> {
  const reading = mine()
  const params = { path: me(), header: { 'If-Match': `"v${reading.data?.private?.version}"` } }
  // What is left out stays, though the description gives it a default.
  const body = named as Schemas['TechnicianPatch']
  return took(reading, await ask(api.PATCH('/v1/technicians/{technician_id}', { params, body })))
}

/** Standing consent rests, or goes on. */
export async function restConsent(paused: boolean): Promise<Result<Mine>> {
  const asked = api.PUT('/v1/technicians/{technician_id}/consent/paused', { params: { path: me() }, body: { paused } })
  return took(mine(), await ask(asked))
}

/** Pause, resume, come in. */
export async function moveMine(wish: 'activate' | 'pause' | 'resume', header: Once): Promise<Result<unknown>> {
  const params = { path: { ...me(), wish }, header }
  const answer = await ask(api.POST('/v1/technicians/{technician_id}/{wish}', { params }))
  await mine().renew()
  return answer
}

async function took(reading: Reading<Mine>, answer: Result<Mine>): Promise<Result<Mine>> {
  if (answer.ok) await reading.take(answer.data)
  else if (answer.problem.code === 'stale') await reading.renew()
  return answer
}

/** Where I start from, for a map. */
export const home = (): Reading<{ lat: number; lng: number }> =>
  kept('home', async () => {
    const answer = await ask(api.GET('/v1/technicians/{technician_id}', { params: { path: me() } }))
    return answer.ok ? { ...answer, data: { lat: answer.data.lat, lng: answer.data.lng } } : answer
  })

export const reputation = (): Reading<Schemas['ReputationOut']> =>
  kept('reputation', () => ask(api.GET('/v1/technicians/{technician_id}/reputation', { params: { path: me() } })))

export const reviews = (): Reading<readonly Schemas['ReviewOut'][]> =>
  kept('reviews', () => items(ask(api.GET('/v1/reviews', { params: { query: { limit: 100 } } }))))

/** What became of work of mine when a proof that it needs no longer held; the newest first. */
export const lapses = (): Reading<readonly Schemas['LapseOut'][]> =>
  kept('lapses', () => items(ask(api.GET('/v1/lapses', { params: { query: { limit: 50 } } }))))

/** A page tells those that had me in reach, of so many that it looks at: so many pages are looked through at most. */
const LOOKED_THROUGH = 5
const ENOUGH = 20

/** Work for which I was not asked, and why; the newest first. */
export const decisions = (): Reading<readonly Schemas['UnaskedOut'][]> =>
  kept('decisions', async () => {
    const found: Schemas['UnaskedOut'][] = []
    let cursor: string | undefined
    for (let num = 0; num < LOOKED_THROUGH && found.length < ENOUGH; num++) {
      const query = { limit: 100, ...(cursor && { cursor }) }
      const answer = await ask(api.GET('/v1/technicians/me/decisions', { params: { query } }))
      if (!answer.ok) return answer
      found.push(...answer.data.items)
      cursor = answer.data.next ?? undefined
      if (!cursor) break
    }
    return { ok: true, data: found, etag: null }
  })

export const usage = (): Reading<readonly Schemas['UsageOut'][]> =>
  kept('usage', () => items(ask(api.GET('/v1/technicians/{technician_id}/usage', { params: { path: me() } }))))

export const credentials = (): Reading<readonly Credential[]> =>
  kept('credentials', () =>
    items(
      ask(api.GET('/v1/technicians/{technician_id}/credentials', { params: { path: me(), query: { limit: 200 } } })),
    ),
  )

export const kinds = (): Reading<readonly Schemas['CredentialKindOut'][]> =>
  kept('credential kinds', () => items(ask(api.GET('/v1/credential-kinds'))))

export type ClientMet = Schemas['ClientMetOut']

/** Who asked me, or may; with what I think of them. */
export const clientsMet = (): Reading<readonly ClientMet[]> =>
  kept('clients met', () =>
    everything<ClientMet>((at) =>
      ask(api.GET('/v1/technicians/me/clients', { params: { query: { limit: 200, ...at } } })),
    ),
  )

export const openings = (): Reading<Schemas['OpeningsOut']> =>
  kept('openings', () => ask(api.GET('/v1/technicians/{technician_id}/openings', { params: { path: me() } })))

export const openPools = (): Reading<readonly Schemas['OpenPoolOut'][]> =>
  kept('open pools', () => items(ask(api.GET('/v1/open-pools', { params: { query: {} } }))))

export const agreementsOf = (client_id: string): Reading<readonly Schemas['AgreementOut'][]> =>
  kept(`agreements ${client_id}`, () => items(ask(api.GET('/v1/agreements', { params: { query: { client_id } } }))))

export type Removal = Schemas['RemovalOut']

export const removals = (): Reading<readonly Removal[]> =>
  kept('removals', () => ask(api.GET('/v1/technicians/{technician_id}/removals', { params: { path: me() } })))
