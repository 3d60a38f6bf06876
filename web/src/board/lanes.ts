// Where does a visit stand on the day's timeline? A lane a technician, rows where visits overlap; first what nobody has.
import type { Job } from './live.svelte'

export type Bar = {
  job: Job
  visitId: string
  from: number
  to: number
  row: number
  /** Nobody has it yet: it stands where its window begins. */
  isOpen: boolean
  /** Somebody has it, and has not begun. */
  canMove: boolean
}
export type Lane = { key: string; name: string; bars: Bar[]; num: number }

type Visit = Job['visits'][number]

function barOf(job: Job, visit: Visit): Bar {
  const start = Date.parse(visit.planned_start_at ?? visit.window.start_at)
  const end = visit.planned_end_at ? Date.parse(visit.planned_end_at) : start + visit.duration_min * 60_000
  return {
    job,
    visitId: visit.id,
    from: start,
    to: end,
    row: 0,
    isOpen: visit.num_filled < visit.num_slots,
    canMove: job.state === 'assigned' && (visit.state === 'planned' || visit.state === 'confirmed'),
  }
}

export type Span = { from: number; to: number; isToLeft: boolean }

/** Where there is room for words below a bar: up to what comes next in its row; back from the day's end if that is more. */
export function roomOf(bar: Bar, { bars }: Pick<Lane, 'bars'>, from: number, to: number): Span {
  const row = bars.filter((each) => each !== bar && each.row === bar.row)
  const next = Math.min(to, ...row.filter((each) => each.from >= bar.to).map((each) => each.from))
  const before = Math.max(from, ...row.filter((each) => each.to <= bar.from).map((each) => each.to))
  const isToLeft = next === to && to - bar.from < bar.to - before
  return isToLeft
    ? { from: before, to: Math.min(bar.to, to), isToLeft }
    : { from: Math.max(bar.from, from), to: next, isToLeft }
}

/** Whose lanes a visit stands in: of those who have it, and of nobody while a place is free. */
function holdersOf(visit: Visit, nobody: string): { key: string; name: string }[] {
  const holders = visit.taken_by.map(({ technician }) => ({
    key: technician.id,
    name: technician.name ?? technician.number ?? '',
  }))
  return visit.num_filled < visit.num_slots ? [{ key: '', name: nobody }, ...holders] : holders
}

const byName = (one: Lane, other: Lane): number =>
  one.key === '' ? -1 : other.key === '' ? 1 : one.name.localeCompare(other.name)

export function lanesOf(jobs: readonly Job[], from: number, to: number, nobody: string): Lane[] {
  const lanes = new Map<string, Lane>()
  const visits = jobs.flatMap((job) => job.visits.map((visit) => ({ visit, bar: barOf(job, visit) })))
  for (const { visit, bar } of visits) {
    if (bar.to <= from || bar.from >= to || visit.state === 'cancelled') continue
    for (const { key, name } of holdersOf(visit, nobody)) {
      const lane = lanes.get(key) ?? { key, name, bars: [], num: 0 }
      lane.bars.push({ ...bar })
      lanes.set(key, lane)
    }
  }
  for (const lane of lanes.values()) stack(lane)
  return [...lanes.values()].sort(byName)
}

/** The first row in which a visit overlaps no other. */
function stack(lane: Lane): void {
  const ends: number[] = []
  lane.bars.sort((one, other) => one.from - other.from)
  for (const bar of lane.bars) {
    const free = ends.findIndex((end) => end <= bar.from)
    bar.row = free < 0 ? ends.length : free
    ends[bar.row] = bar.to
  }
  lane.num = ends.length
}
