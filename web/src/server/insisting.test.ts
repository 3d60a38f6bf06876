// Is a request sent again where that helps, and never where it could have its effect twice?
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { insist } from './insisting'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const ADDRESS = 'http://localhost/v1/jobs'
const KEYED = { 'Idempotency-Key': 'one' }

const busy = (code: string, more: { after?: string; isUnknown?: boolean; status?: number } = {}): Response =>
  new Response(JSON.stringify({ code, outcome_unknown: more.isUnknown ?? false }), {
    status: more.status ?? 503,
    headers: more.after === undefined ? {} : { 'Retry-After': more.after },
  })

const passes = async (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

/** What was sent, and what came of it, where these are the answers and each takes so long. */
async function sent(request: Request, answers: (() => Response)[], takesS = 0) {
  const bodies: string[] = []
  const send = async (asked: Request) => {
    bodies.push(await asked.text())
    await passes(takesS)
    return (answers.length > 1 ? answers.shift() : answers[0])?.() as Response
  }
  const { status } = await insist(request, send, passes)
  return { bodies, status }
}

const fine = () => new Response('{}')
const overdue = () => busy('overdue', { after: '1', isUnknown: true })
const post = (headers: Record<string, string> = {}, method = 'POST') =>
  new Request(ADDRESS, { method, headers, body: '{"why":"other"}' })

it('asks again for what is only read', async () => {
  expect(await sent(new Request(ADDRESS), [overdue, overdue, fine])).toEqual({ bodies: ['', '', ''], status: 200 })
})

it('waits for as long as the server says', async () => {
  const began = Date.now()
  await sent(new Request(ADDRESS), [() => busy('slow', { after: '2' }), fine])
  expect(Date.now() - began).toBe(2000)
})

it('sends what has a key again with the same body, also while the first is being worked on', async () => {
  const working = () => busy('in_flight', { after: '1', status: 409 })
  const body = '{"why":"other"}'
  expect(await sent(post(KEYED), [overdue, working, fine])).toEqual({ bodies: [body, body, body], status: 200 })
})

it('sends again what has no body, an empty one, or bytes', async () => {
  for (const body of [null, new ArrayBuffer(0), new TextEncoder().encode('a photo').buffer]) {
    const request = new Request(ADDRESS, { method: 'POST', headers: KEYED, body })
    const said = body === null ? '' : new TextDecoder().decode(body)
    expect(await sent(request, [overdue, fine])).toEqual({ bodies: [said, said], status: 200 })
  }
})

it('sends nothing twice that has no key and may have been done', async () => {
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
    expect((await sent(post({}, method), [overdue, fine])).bodies).toHaveLength(1)
  }
})

it('sends again what was not done', async () => {
  const locked = () => busy('locked', { after: '1' })
  expect((await sent(post({ 'If-Match': '"1"' }, 'PATCH'), [locked, fine])).status).toBe(200)
})

it('tells what is no passing trouble', async () => {
  const refused = () => busy('stale', { status: 409 })
  const tooMany = () => busy('too_many', { after: '1', status: 429 })
  const fault = () => busy('fault', { after: '1', status: 500 })
  const noPause = () => busy('overdue')
  const tomorrow = () => busy('overdue', { after: '86400' })
  const byDate = () => busy('overdue', { after: 'Fri, 27 Nov 2026 19:00:00 GMT' })
  for (const answer of [refused, tooMany, fault, noPause, tomorrow, byDate]) {
    expect((await sent(post(KEYED), [answer, fine])).bodies).toHaveLength(1)
  }
})

it('gives up, after four answers or ten seconds', async () => {
  expect(await sent(new Request(ADDRESS), [overdue])).toEqual({ bodies: ['', '', '', ''], status: 503 })
  expect((await sent(new Request(ADDRESS), [overdue], 4.6)).bodies).toHaveLength(2)
})

it('passes on that nobody answered', async () => {
  const lost = insist(new Request(ADDRESS), () => Promise.reject(new TypeError('away')))
  await expect(lost).rejects.toThrow('away')
})
