// Who writes to me, and what? Conversations by job and by client, and how a message is sent into one.
import { api, ask, type Schemas } from '../server/api'
import { speech } from '../words/speech.svelte'
import { kept } from './kept.svelte'
import { outbox } from './outbox.svelte'
import type { Reading } from './reading.svelte'

export type Thread = Schemas['ThreadOut']
export type Message = Schemas['MessageOut']

export const threads = (): Reading<readonly Thread[]> =>
  kept('threads', async () => {
    const answer = await ask(api.GET('/v1/threads', { params: { query: { limit: 200 } } }))
    if (!answer.ok) return answer
    const last = (each: Thread) => each.last_at ?? each.created_at
    return { ...answer, data: answer.data.items.toSorted((one, other) => last(other).localeCompare(last(one))) }
  })

/** A conversation is known by its id, or by the job that it is about, while nobody has written yet. */
export type Talk = { jobId: string | undefined; threadId: string | undefined }

export const pathOf = ({ jobId, threadId }: Talk): string =>
  jobId === undefined ? `/v1/threads/${threadId}/messages` : `/v1/jobs/${jobId}/messages`

export const messagesOf = (talk: Talk): Reading<readonly Message[]> =>
  kept(`messages ${pathOf(talk)}`, async () => {
    const query = { limit: 100 }
    const answer = await ask(
      talk.jobId === undefined
        ? api.GET('/v1/threads/{thread_id}/messages', { params: { path: { thread_id: talk.threadId ?? '' }, query } })
        : api.GET('/v1/jobs/{job_id}/messages', { params: { path: { job_id: talk.jobId }, query } }),
    )
    return answer.ok ? { ...answer, data: answer.data.items.toReversed() } : answer
  })

/** `of` is what a photo is about: the job, or the client. */
export type Photo = { blob: Blob; of: string }

export function write(talk: Talk, title: string, text: string, photos: readonly Photo[]): Promise<void> {
  const body: Schemas['MessageIn'] = { text, language: speech.language, kind: 'message', files: [] }
  const about = talk.jobId ?? talk.threadId ?? ''
  const files = photos.map((each) => ({ kind: 'photo', ...each }) as const)
  return outbox.say({ kind: 'message', about, title, path: pathOf(talk), body, files })
}

const marked = new Set<string>()

/** They know that it was read, once for each last message. */
export async function markRead(last: Message | undefined, isMine: boolean): Promise<void> {
  if (last === undefined || isMine || marked.has(last.id)) return
  marked.add(last.id)
  const path = { thread_id: last.thread_id }
  const header = { 'Idempotency-Key': `read-${last.id}` }
  const body = { message_id: last.id }
  const answer = await ask(api.POST('/v1/threads/{thread_id}/read', { params: { path, header }, body }))
  if (!answer.ok) marked.delete(last.id)
}
