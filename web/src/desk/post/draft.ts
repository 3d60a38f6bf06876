// What is typed to post a work order? As a person thinks of it; `asking` says it in the API's words.
import { clock } from '../../time/clock'
import { dayAfter, dayOf } from '../../time/format'

export type PlaceKind = 'site' | 'address' | 'zip' | 'map'
export type PayWay = 'fixed' | 'hourly' | 'device' | 'blended'

/** A place that is no site yet; a job is posted for a site, so one is made of it. */
export type Place = {
  store_number: string
  name: string
  address: string
  town: string
  region: string
  postcode: string
  lat: number | null
  lng: number | null
}

export type Draft = {
  number: string
  title: string
  job_type: string
  description: string
  template: string
  skills: Record<string, number>
  credentials: string[]
  clearance: boolean
  placeKind: PlaceKind
  siteId: string
  place: Place
  zone: string
  isAsap: boolean
  day: string
  from: string
  to: string
  untilDays: number
  withinHours: number
  durationMin: number
  payWay: PayWay
  amount: string
  capHours: string
  devices: string
  fixedHours: string
  thenHourly: string
  pools: string[]
  market: boolean
  mode: '' | 'first' | 'manual' | 'auto'
  priority: number
  /** How far around is asked, in place of what the policy says. */
  reachKm: number | null
  budget: string
  budgetReason: string
  /** What the next request is called, with what it asks: asked again unchanged it has its effect once. */
  keys: Record<string, { asked: string; key: string }>
}

const random = (): string => crypto.randomUUID().slice(0, 4).toUpperCase()

export function emptyDraft(): Draft {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const today = dayOf(new Date(clock.now()), zone)
  return {
    number: `WO-${today.slice(2).replaceAll('-', '')}-${random()}`,
    title: '',
    job_type: '',
    description: '',
    template: '',
    skills: {},
    credentials: [],
    clearance: false,
    placeKind: 'site',
    siteId: '',
    place: {
      store_number: `S-${random()}`,
      name: '',
      address: '',
      town: '',
      region: '',
      postcode: '',
      lat: null,
      lng: null,
    },
    zone,
    isAsap: false,
    day: dayAfter(today, 1),
    from: '09:00',
    to: '17:00',
    untilDays: 0,
    withinHours: 24,
    durationMin: 60,
    payWay: 'fixed',
    amount: '',
    capHours: '',
    devices: '1',
    fixedHours: '2',
    thenHourly: '',
    pools: [],
    market: true,
    mode: '',
    priority: 3,
    reachKm: null,
    budget: '',
    budgetReason: '',
    keys: {},
  }
}

/** The key of a request: the same for the same words, so that a repetition after a lost answer has no second effect. */
export function keyFor(draft: Draft, what: string, body: unknown): string {
  const asked = JSON.stringify(body)
  const known = draft.keys[what]
  if (known?.asked === asked) return known.key
  const key = crypto.randomUUID()
  draft.keys[what] = { asked, key }
  return key
}
