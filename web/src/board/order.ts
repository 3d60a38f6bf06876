// What goes on a printed work order? Read together, when somebody prints it.
import { api, ask, type Result, type Schemas } from '../server/api'

export type Order = {
  job: Schemas['JobOut']
  site: Schemas['SiteOut'] | undefined
  items: readonly Schemas['ItemOut'][]
  parts: readonly Schemas['PartOut'][]
}

/** A work order from which something is missing would be believed: it is whole, or it is not printed. */
export async function readOrder(job_id: string): Promise<Result<Order>> {
  const params = { path: { job_id } }
  const job = await ask(api.GET('/v1/jobs/{job_id}', { params }))
  if (!job.ok) return job
  const site_id = job.data.place.site_id
  const [items, parts, site] = await Promise.all([
    ask(api.GET('/v1/jobs/{job_id}/deliverables', { params })),
    ask(api.GET('/v1/jobs/{job_id}/parts', { params: { ...params, query: { limit: 200 } } })),
    site_id === null ? undefined : ask(api.GET('/v1/sites/{site_id}', { params: { path: { site_id } } })),
  ])
  if (!items.ok) return items
  if (!parts.ok) return parts
  if (site && !site.ok) return site
  const data = { job: job.data, site: site?.data, items: items.data.items, parts: parts.data.items }
  return { ok: true, data, etag: null }
}
