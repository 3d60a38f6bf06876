// What is said about a job, or between us and a technician: read, written, and marked as read?
import { api, ask, once, type Result, type Schemas } from '../server/api'

export type Message = Schemas['MessageOut']
type Page = Schemas['PageOf_MessageOut_']

/** Known by its job, while nobody has written yet, or by itself. */
export type Talk = { jobId: string } | { threadId: string }

const query = { limit: 50 }

export function readTalk(talk: Talk): Promise<Result<Page>> {
  if ('jobId' in talk)
    return ask(api.GET('/v1/jobs/{job_id}/messages', { params: { path: { job_id: talk.jobId }, query } }))
  return ask(api.GET('/v1/threads/{thread_id}/messages', { params: { path: { thread_id: talk.threadId }, query } }))
}

/** Sent twice with one key, it is said once. */
export function write(talk: Talk, text: string, language: 'en' | 'es', key: string): Promise<Result<Message>> {
  const body = { text, language, files: [], kind: 'message' as const }
  const header = { 'Idempotency-Key': key }
  if ('jobId' in talk)
    return ask(api.POST('/v1/jobs/{job_id}/messages', { params: { path: { job_id: talk.jobId }, header }, body }))
  return ask(
    api.POST('/v1/threads/{thread_id}/messages', { params: { path: { thread_id: talk.threadId }, header }, body }),
  )
}

export function markRead({ thread_id, id }: Message): Promise<Result<unknown>> {
  const params = { path: { thread_id }, ...once() }
  return ask(api.POST('/v1/threads/{thread_id}/read', { params, body: { message_id: id } }))
}
