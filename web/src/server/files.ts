// How is a file sent on its own? Its bytes as the body; the answer as a value.
import { newKey, OWN, type Result } from './api'
import { net } from './net.svelte'
import { problemOf, UNREACHABLE } from './problems'

/** A photo on a slow line takes its time. */
const PATIENCE_MS = 120_000

export type Sent = { id: string }

/** Send it, as what (`photo`, `document`) and about what (`visit_id=…`); the same key is the same file. */
export async function sendFile(body: Blob, query: Record<string, string>, key = newKey()): Promise<Result<Sent>> {
  const headers = { 'Content-Type': 'application/octet-stream', 'Idempotency-Key': key, ...OWN }
  try {
    const asked = new Request(`/v1/files?${new URLSearchParams(query)}`, { method: 'POST', headers, body })
    const answer = await net.send(asked, PATIENCE_MS)
    const said: unknown = await answer.json().catch(() => undefined)
    if (answer.ok) return { ok: true, data: said as Sent, etag: null }
    return { ok: false, problem: problemOf(answer.status, said) }
  } catch {
    return { ok: false, problem: UNREACHABLE }
  }
}
