// What is seen, to take along: a table for a spreadsheet, places for a map.
import type { Job } from './live.svelte'

const COLUMNS = ['number', 'title', 'state', 'priority', 'store', 'town', 'region', 'start', 'zone', 'who'] as const

/** A spreadsheet would run what begins like a formula: such text gets an apostrophe in front. */
export function cell(value: string | number): string {
  const said = String(value)
  const safe = typeof value === 'string' && /^[\s]*[=+\-@\t\r|%]/.test(said) ? `'${said}` : said
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The visit that comes next, or the last one. */
export function visitOf(job: Job): Job['visits'][number] | undefined {
  const isOver = (state: string) => ['checked_out', 'missed', 'cancelled'].includes(state)
  return job.visits.find((visit) => !isOver(visit.state)) ?? job.visits.at(-1)
}

/** When it begins, as far as that is agreed. */
export const startOf = (job: Job): string | undefined => {
  const visit = visitOf(job)
  return visit?.planned_start_at ?? visit?.window.start_at
}

export const whoHas = (job: Job): string[] =>
  (visitOf(job)?.taken_by ?? []).map((each) => each.technician.name ?? each.technician.number ?? '')

export function toCsv(jobs: readonly Job[]): string {
  const rows = jobs.map((job) => [
    job.number,
    job.title,
    job.state,
    job.priority,
    job.site.store_number,
    job.site.town,
    job.site.region,
    startOf(job) ?? '',
    job.site.time_zone,
    whoHas(job).join('; '),
  ])
  return `${[[...COLUMNS], ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

export function toGeoJson(jobs: readonly Job[]): string {
  const features = jobs.map((job) => ({
    type: 'Feature',
    id: job.id,
    geometry: { type: 'Point', coordinates: [job.site.lng, job.site.lat] },
    properties: {
      number: job.number,
      title: job.title,
      state: job.state,
      town: job.site.town,
      start: startOf(job) ?? null,
    },
  }))
  return JSON.stringify({ type: 'FeatureCollection', features })
}

export function save(name: string, type: string, body: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([body], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}
