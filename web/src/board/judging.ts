// May they, then, and what does it cost beyond the best? As the rules say at this moment, before anything is done.
import { api, ask } from '../server/api'
import { beyond, type Verdict } from './costs'

const NOBODY: Verdict = { may: false, isInReach: false, reasons: [], numMay: 0, moreS: 0, more: undefined }

const candidates = (jobId: string, start: { start_at?: string }) =>
  ask(api.GET('/v1/jobs/{job_id}/candidates', { params: { path: { job_id: jobId }, query: { limit: 1, ...start } } }))

const candidate = (jobId: string, technicianId: string, start: { start_at?: string }) =>
  ask(
    api.GET('/v1/jobs/{job_id}/candidates/{technician_id}', {
      params: { path: { job_id: jobId, technician_id: technicianId }, query: start },
    }),
  )

/** What would it be with this technician (or with whoever is best), in a window that begins then (or as it is)? */
export async function judge(
  jobId: string,
  technicianId: string | undefined,
  startAt: string | undefined,
): Promise<Verdict | undefined> {
  const start = startAt === undefined ? {} : { start_at: startAt }
  const asItIs = candidates(jobId, {})
  if (technicianId === undefined) {
    const [then, now] = await Promise.all([candidates(jobId, start), asItIs])
    if (!then.ok) return undefined
    const numMay = then.data.num_may
    const more = beyond(then.data.candidates[0], now.ok ? now.data.candidates[0] : undefined)
    return { ...NOBODY, isInReach: true, may: numMay > 0, reasons: then.data.reasons, numMay, ...more }
  }
  const [one, now] = await Promise.all([candidate(jobId, technicianId, start), asItIs])
  if (!one.ok) return one.problem.code === 'not_found' ? NOBODY : undefined
  const more = beyond(one.data, now.ok ? now.data.candidates[0] : undefined)
  return { ...NOBODY, isInReach: true, may: one.data.may, reasons: one.data.failed, ...more }
}
