// What else did the server say, of one visit or of the technician? Read when it is first wanted, and kept.
import { api, ask, type Result, type Schemas } from '../server/api'
import { keepFiles } from './files'
import { outbox } from './outbox.svelte'
import { Reading } from './reading.svelte'

export type Detail = Schemas['VisitDetail']
export type Checklist = Schemas['ChecklistOut']
export type VisitParts = Schemas['VisitPartsOut']

const all = new Map<string, Reading<unknown>>()

/**
 * A reading by its name, begun when it is first asked for.
 *
 * What makes a reading hears nothing of its changes: derive the reading first, then its data.
 */
export function kept<T>(name: string, from: () => Promise<Result<T>>): Reading<T> {
  let found = all.get(name) as Reading<T> | undefined
  if (found === undefined) {
    found = new Reading<T>(name, from)
    all.set(name, found as Reading<unknown>)
    void found.load()
  }
  return found
}

/** While a page shows them they are made new: when it opens, and whenever something was answered. */
export function follow(...readings: readonly { renew(): Promise<void> }[]): void {
  $effect(() => {
    const renew = () => Promise.all(readings.map((each) => each.renew()))
    void renew()
    return outbox.onAnswer(renew)
  })
}

export function clearKept(): void {
  for (const each of all.values()) each.clear()
  all.clear()
}

export const detailOf = (visitId: string): Reading<Detail> =>
  kept(`visit ${visitId}`, () => ask(api.GET('/v1/visits/{visit_id}', { params: { path: { visit_id: visitId } } })))

export const partsOf = (visitId: string): Reading<VisitParts> =>
  kept(`parts ${visitId}`, () =>
    ask(api.GET('/v1/visits/{visit_id}/parts', { params: { path: { visit_id: visitId } } })),
  )

export const checklistOf = (jobId: string): Reading<Checklist> =>
  kept(`checklist ${jobId}`, () =>
    ask(api.GET('/v1/jobs/{job_id}/deliverables', { params: { path: { job_id: jobId } } })),
  )

/** All that is to be known on site, while there is a signal. */
export function readVisit(stop: Pick<Schemas['StopOut'], 'visit_id' | 'job_id' | 'site'>): void {
  detailOf(stop.visit_id)
  partsOf(stop.visit_id)
  checklistOf(stop.job_id)
  void keepFiles(stop.site.documents ?? [])
}

export const skills = (): Reading<readonly Schemas['SkillOut'][]> =>
  kept('skills', async () => {
    const answer = await ask(api.GET('/v1/skills'))
    return answer.ok ? { ...answer, data: answer.data.items } : answer
  })

export const requestsOf = (visitId: string): Reading<readonly Schemas['SiteRequestOut'][]> =>
  kept(`requests ${visitId}`, async () => {
    const answer = await ask(api.GET('/v1/site-requests', { params: { query: { visit_id: visitId } } }))
    return answer.ok ? { ...answer, data: answer.data.items } : answer
  })

export const ratingsOf = (visitId: string): Reading<Schemas['VisitRatingsOut']> =>
  kept(`ratings ${visitId}`, () =>
    ask(api.GET('/v1/visits/{visit_id}/ratings', { params: { path: { visit_id: visitId } } })),
  )

export const timeLogOf = (visitId: string): Reading<Schemas['TimeLogOut']> =>
  kept(`time ${visitId}`, () =>
    ask(api.GET('/v1/visits/{visit_id}/time-log', { params: { path: { visit_id: visitId } } })),
  )

export const proposalsOf = (visitId: string): Reading<readonly Schemas['ProposalOut'][]> =>
  kept(`proposals ${visitId}`, async () => {
    const answer = await ask(
      api.GET('/v1/visits/{visit_id}/proposals', { params: { path: { visit_id: visitId }, query: {} } }),
    )
    return answer.ok ? { ...answer, data: answer.data.items } : answer
  })

/** What I reported of a visit. */
export const incidentsOf = (visitId: string): Reading<readonly Schemas['OwnIncidentOut'][]> =>
  kept(`incidents ${visitId}`, async () => {
    const answer = await ask(api.GET('/v1/incidents', { params: { query: { visit_id: visitId } } }))
    return answer.ok ? { ...answer, data: answer.data.items } : answer
  })
