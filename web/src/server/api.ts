// How is the API asked? By a client whose addresses, bodies and answers are checked against its description.
import createClient from 'openapi-fetch'
import type { components, paths } from '../../generated/api'
import { net } from './net.svelte'
import { type Problem, problemOf, UNREACHABLE } from './problems'

export type Schemas = components['schemas']
/** What the live count can be asked: a name that it does not know is caught where one is written down. */
export type ReachQuery = paths['/v1/reach']['get']['parameters']['query']

/** Every change carries it: no other origin's page can. */
export const OWN = { 'Truckroll-Web': '1' } as const

export const api = createClient<paths>({ baseUrl: location.origin, fetch: net.fetch, headers: OWN })

export type Result<T> = { ok: true; data: T; etag: string | null; status?: number } | { ok: false; problem: Problem }

type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>

/** The answer as a value, whatever became of it. */
export async function ask<T>(asked: Asked<T>): Promise<Result<T>> {
  try {
    const { data, error, response } = await asked
    if (response.ok) return { ok: true, data: data as T, etag: response.headers.get('ETag'), status: response.status }
    return { ok: false, problem: problemOf(response.status, error) }
  } catch {
    return { ok: false, problem: UNREACHABLE }
  }
}

/** A name for a request that is to have its effect once, however often it is sent. */
export const newKey = (): string => crypto.randomUUID()

export type Once = { 'Idempotency-Key': string }

/** The header parameters of a POST that is sent once and not kept. */
export const once = (): { header: Once } => ({ header: { 'Idempotency-Key': newKey() } })
