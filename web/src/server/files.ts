// How is a file sent on its own? Its bytes as the body; the answer as a value.
import { newKey, OWN, type Result, type Schemas } from './api'
import { net } from './net.svelte'
import { fileProblemOf, UNREACHABLE } from './problems'

/** A photo on a slow line takes its time. */
const PATIENCE_MS = 120_000

export type Sent = { id: string }

/** Send it, as what (`photo`, `document`) and about what (`visit_id=…`); the same key is the same file. */
export const sendFile = (body: Blob, query: Record<string, string>, key = newKey()): Promise<Result<Sent>> =>
  sendBytes(`/v1/files?${new URLSearchParams(query)}`, body, key)

/** Send a page of a proof. */
export const sendPage = (proofId: string, body: Blob, key: string): Promise<Result<Schemas['ProofPageOut']>> =>
  sendBytes(`/v1/credentials/${proofId}/documents`, body, key)

async function sendBytes<T>(path: string, body: Blob, key: string): Promise<Result<T>> {
  const headers = { 'Content-Type': 'application/octet-stream', 'Idempotency-Key': key, ...OWN }
  try {
    const asked = new Request(path, { method: 'POST', headers, body })
    const answer = await net.send(asked, PATIENCE_MS)
    const said: unknown = await answer.json().catch(() => undefined)
    if (answer.ok) return { ok: true, data: said as T, etag: null }
    return { ok: false, problem: fileProblemOf(answer.status, said) }
  } catch {
    return { ok: false, problem: UNREACHABLE }
  }
}
