// When can work begin that has to fit into a window? Every half hour, the earliest first; by the day where the work is.
import { dayOf } from '../time/format'

const STEP_MS = 30 * 60_000

export function starts(from: string, to: string, durationMin: number): string[] {
  const latest = Date.parse(to) - durationMin * 60_000
  const found: string[] = []
  for (let at = Date.parse(from); at <= latest; at += STEP_MS) found.push(new Date(at).toISOString())
  return found.length > 0 ? found : [new Date(from).toISOString()]
}

/** Whether a window lies on more than one day by the clock of a zone: then a start without its day says too little. */
export const spansDays = (from: string, to: string, zone: string): boolean =>
  dayOf(new Date(from), zone) !== dayOf(new Date(to), zone)

/** The starts of each day by the clock of a zone, in their order. */
export function byDay(all: readonly string[], zone: string): string[][] {
  const days = new Map<string, string[]>()
  for (const each of all) {
    const day = dayOf(new Date(each), zone)
    days.set(day, [...(days.get(day) ?? []), each])
  }
  return [...days.values()]
}
