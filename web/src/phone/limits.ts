// How far, for how much, how many a day: my own limits as they are typed, and as they are sent.
import type { Schemas } from '../server/api'
import { metresOf } from '../time/format'
import { plainNumber } from '../ui/dispute/standpoint'

export type Own = Schemas['TechnicianPrivate']

/** Half way round the Earth: no way is longer. */
const MOST_KM = 20_038
const MOST_AN_HOUR = 100_000
const MOST_JOBS = 100

const WAY = /^[0-9]+([.,][0-9]+)?$/
const SUM = /^[0-9]+([.,][0-9]{1,2})?$/
const JOBS = /^[0-9]{1,3}$/

/** Kilometres in the reader's unit, as somebody types them; nothing where there is no limit. */
export const typedWay = (km: number | null, locale: string): string =>
  km === null ? '' : String(Math.round((km * 10_000) / metresOf(locale)) / 10)

/** A sum an hour, as somebody types it. */
export const typedSum = (sum: string | null): string => (sum ?? '').replace(/\.00$/, '')

export const typedJobs = (num: number | null): string => (num === null ? '' : String(num))

/** To the metre. */
export const kilometres = (typed: string, locale: string): number =>
  Math.round(Number(plainNumber(typed)) * metresOf(locale)) / 1000

export const isWay = (typed: string, locale: string): boolean => {
  const km = kilometres(typed, locale)
  return WAY.test(typed.trim()) && km > 0 && km <= MOST_KM
}

export const isSum = (typed: string): boolean => SUM.test(typed.trim()) && Number(plainNumber(typed)) <= MOST_AN_HOUR

export const isJobs = (typed: string, least: number): boolean =>
  JOBS.test(typed.trim()) && Number(typed) >= least && Number(typed) <= MOST_JOBS

export type Limits = { way: string; rate: string; jobs: string; isUndrawn: boolean }

export const limitsOf = (own: Own, locale: string): Limits => ({
  way: typedWay(own.radius_km, locale),
  rate: typedSum(own.min_hourly),
  jobs: typedJobs(own.day_capacity),
  isUndrawn: false,
})

/** What of it cannot be sent: an empty field sets no limit. */
export const wrongLimits = (form: Limits, locale: string): (keyof Limits)[] => {
  const found: (keyof Limits)[] = []
  if (form.way.trim() && !isWay(form.way, locale)) found.push('way')
  if (form.rate.trim() && !isSum(form.rate)) found.push('rate')
  if (form.jobs.trim() && !isJobs(form.jobs, 0)) found.push('jobs')
  return found
}

/** What was typed in, and no more: what is left out stays as exact as it was. */
export function changedLimits(typed: Partial<Limits>, locale: string): Partial<Schemas['TechnicianPatch']> {
  const { way, rate, jobs, isUndrawn } = typed
  return {
    ...(way !== undefined && { radius_km: way.trim() ? kilometres(way, locale) : null }),
    ...(rate !== undefined && { min_hourly: plainNumber(rate) || null }),
    ...(jobs !== undefined && { day_capacity: jobs.trim() ? Number(jobs) : null }),
    ...(isUndrawn && { area: null }),
  }
}

export type AtOnce = { rate: string; way: string; jobs: string }

export const atOnceOf = ({ consent }: Own, locale: string): AtOnce => ({
  rate: typedSum(consent?.min_hourly ?? null),
  way: typedWay(consent?.max_distance_km ?? null, locale),
  jobs: typedJobs(consent?.max_per_day ?? null),
})

/** Here each of them is needed: nobody agrees to work without bounds. */
export const wrongAtOnce = (form: AtOnce, locale: string): (keyof AtOnce)[] => {
  const found: (keyof AtOnce)[] = []
  if (!isSum(form.rate)) found.push('rate')
  if (!isWay(form.way, locale)) found.push('way')
  if (!isJobs(form.jobs, 1)) found.push('jobs')
  return found
}

export const toConsent = (form: AtOnce, own: Own, locale: string): Schemas['ConsentIn'] => ({
  min_hourly: plainNumber(form.rate),
  max_distance_km:
    own.consent && form.way === typedWay(own.consent.max_distance_km, locale)
      ? own.consent.max_distance_km
      : kilometres(form.way, locale),
  max_per_day: Number(form.jobs),
})

/** When somebody is not to be disturbed, by a clock; who works then has no such hours. A day ends at midnight. */
export const quietOf = ({ quiet, works_in_quiet_hours }: Pick<Own, 'quiet' | 'works_in_quiet_hours'>) =>
  quiet === null || works_in_quiet_hours
    ? { begin: '', end: '' }
    : { begin: quiet.begin, end: quiet.end === '24:00' ? '00:00' : quiet.end }

type Place = { lat: number; lng: number }
const EARTH_M = 6_371_009

/** How far it is from one place to another, in a straight line. */
export function metresBetween(one: Place, other: Place): number {
  const rad = Math.PI / 180
  const half = (from: number, to: number) => Math.sin(((to - from) * rad) / 2) ** 2
  const across = Math.cos(one.lat * rad) * Math.cos(other.lat * rad) * half(one.lng, other.lng)
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half(one.lat, other.lat) + across)))
}
