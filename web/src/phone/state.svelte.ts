// What do all pages of the phone share? The readings, and what has to happen when something was answered.
import { api, ask, type Schemas } from '../server/api'
import { net } from '../server/net.svelte'
import { session } from '../server/session.svelte'
import { listen } from '../server/stream'
import { clock } from '../time/clock'
import { dayAfter, dayOf } from '../time/format'
import { Route } from '../ui/route.svelte'
import { clearKept, readVisit } from './kept.svelte'
import { outbox } from './outbox.svelte'
import { Reading } from './reading.svelte'
import { store } from './store'

export type Offer = Schemas['OfferOut']
export type Stop = Schemas['StopOut']
export type Day = Schemas['DayOut']
export type Assignment = Schemas['AssignmentOut']
export type OpenJob = Schemas['OpenJobOut']

export const route = new Route('/phone')

/** Offers that can be answered. */
export const offers = new Reading<readonly Offer[]>('offers', () => listOffers('live'))
/** As many as are told at once; it says whether they are all. */
export const openJobs = new Reading<Schemas['OpenJobs']>('open-work', () =>
  ask(api.GET('/v1/open-jobs', { params: { query: { limit: 200 } } })),
)

/** Work to come, the soonest first. */
export const ahead = new Reading<readonly Assignment[]>('ahead', async () => {
  const answer = await ask(api.GET('/v1/assignments', { params: { query: { state: 'live', limit: 200 } } }))
  if (!answer.ok) return answer
  const sorted = answer.data.items.toSorted((one, other) => one.start_at.localeCompare(other.start_at))
  return { ...answer, data: sorted }
})

const days = new Map<string, Reading<Day>>()

/** A day by its date, read when it is first asked for. */
export function dayReading(date: string): Reading<Day> {
  let found = days.get(date)
  if (found === undefined) {
    found = new Reading<Day>(`day ${date}`, () => ask(api.GET('/v1/day', { params: { query: { date } } })))
    days.set(date, found)
    void found.load().then(() => found?.data?.stops.forEach(readVisit))
  }
  return found
}

const HERE = 'truckroll.zone'

/** Where the technician lives, by whose clock days are counted; until they said, where this device is. */
export const zone = (): string => localStorage.getItem(HERE) ?? Intl.DateTimeFormat().resolvedOptions().timeZone

/** Heard from the server, or since they moved. */
export const livesIn = (zone: string): void => localStorage.setItem(HERE, zone)

export const today = (): string => dayOf(new Date(clock.now()), zone())

async function listOffers(state: 'live') {
  const answer = await ask(api.GET('/v1/offers', { params: { query: { state } } }))
  return answer.ok ? { ...answer, data: answer.data.items } : answer
}

/** Days for which the sheet is kept for when there is no signal. */
const KEPT_AHEAD = 7

/** Days for which it remembers what it read, and nobody asked for again. */
const KEPT_DAYS = 14

async function readAhead(): Promise<void> {
  await ahead.load()
  const last = dayAfter(today(), KEPT_AHEAD)
  const wanted = (ahead.data ?? []).map((each) => dayOf(new Date(each.start_at), zone()))
  for (const day of new Set(wanted)) if (day >= today() && day <= last) dayReading(day)
}

const renewAll = (): Promise<unknown> =>
  Promise.all([offers.renew(), readAhead(), ...[...days.values()].map((each) => each.renew())])

let hangUp: (() => void) | undefined

function begin(): void {
  if (session.me?.time_zone) livesIn(session.me.time_zone)
  void outbox.open()
  void store.prune(clock.now() - KEPT_DAYS * 86_400_000)
  void offers.load()
  void openJobs.load()
  dayReading(today())
  void readAhead()
  hangUp?.()
  const told = { offers: (told: { items: readonly Offer[] }) => void offers.take(told.items) }
  hangUp = listen('/v1/offers/stream', told, { heard: () => net.heard(), lost: () => void net.look() })
}

function end(): void {
  hangUp?.()
  hangUp = undefined
  days.clear()
  clearKept()
  for (const each of [offers, openJobs, ahead]) each.clear()
}

export function start(): void {
  session.onChange((me) => {
    end()
    // What is kept is one person's.
    void store.forget(me?.id ?? '').then(() => (me === undefined ? undefined : begin()))
  })
  outbox.onAnswer(renewAll)
  net.onBack(renewAll)
  // Whoever signed in on another page of ours finds nothing here that is somebody else's.
  if (session.me?.role === 'technician') void store.forget(session.me.id ?? '').then(begin)
  void session.look()
}
