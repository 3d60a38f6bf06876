// How is a time said? By the clock where the work is, with the reader's own beside it when the two differ.

/** Who reads, where and when: of a day in another year than `now` the year is said. */
export type Reader = { locale: string; zone: string; now: number }

type Style = Intl.DateTimeFormatOptions

const CLOCK: Style = { hour: 'numeric', minute: '2-digit' }
const DAY: Style = { weekday: 'short', day: 'numeric', month: 'short' }
const DATE: Style = { ...DAY, year: 'numeric' }

const formats = new Map<string, Intl.DateTimeFormat>()

/** Formats are dear to make: each is made once. */
function format(locale: string, timeZone: string, style: Style): Intl.DateTimeFormat {
  const name = JSON.stringify([locale, timeZone, style])
  const found = formats.get(name) ?? new Intl.DateTimeFormat(locale, { ...style, timeZone })
  formats.set(name, found)
  return found
}

/** Whether the clocks of the two zones show different times at this moment. */
export function differs(at: Date, zone: string, reader: Pick<Reader, 'zone'>): boolean {
  const style: Style = { ...DAY, ...CLOCK, hourCycle: 'h23' }
  return format('en', zone, style).format(at) !== format('en', reader.zone, style).format(at)
}

/** The zone's short name at this moment, as people there say it in any language: `CST`. */
export function zoneName(at: Date, zone: string): string {
  const parts = format('en-US', zone, { ...CLOCK, timeZoneName: 'short' }).formatToParts(at)
  return parts.find((each) => each.type === 'timeZoneName')?.value ?? ''
}

export function clockTime(at: Date, zone: string, reader: Reader): string {
  return format(reader.locale, zone, CLOCK).format(at)
}

/** A day: with its year when that isn't the present one. */
export function dayName(at: Date, zone: string, reader: Reader): string {
  const year = (each: Date) => format('en', zone, { year: 'numeric' }).format(each)
  return format(reader.locale, zone, year(at) === year(new Date(reader.now)) ? DAY : DATE).format(at)
}

/** A calendar day, always with its year: of papers, rules and what else is kept for years. */
export const dateName = (day: string, { locale }: Pick<Reader, 'locale'>): string =>
  format(locale, 'UTC', DATE).format(new Date(`${day}T12:00:00Z`))

/** The calendar day by the clock of a zone: `2027-03-01`. */
export function dayOf(at: Date, zone: string): string {
  return format('en-CA', zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)
}

/** A calendar day, so many days later; nothing after what is no day yet, as while it is typed. */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T12:00:00Z`)
  if (Number.isNaN(at.getTime())) return ''
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
}

/** How many days lie from one calendar day to another; below zero when it is before. */
export const daysTo = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000)

/** The moment at which a calendar day begins by the clock of a zone. */
export function midnight(day: string, zone: string): Date {
  const wanted = Date.parse(`${day}T00:00:00Z`)
  let at = wanted
  // Twice: the first guess may lie on the other side of a change of the clocks.
  for (let num = 0; num < 2; num++) at = wanted - offsetMs(new Date(at), zone)
  return new Date(at)
}

/** How far the clock of a zone is ahead of UTC at a moment. */
function offsetMs(at: Date, zone: string): number {
  const style: Style = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }
  const parts = format('en-CA', zone, { ...style, second: '2-digit', hourCycle: 'h23' }).formatToParts(at)
  const of = (type: string) => Number(parts.find((each) => each.type === type)?.value)
  const there = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return there - Math.floor(at.getTime() / 1000) * 1000
}

export type Said = { there: string; zone: string; here: string }

/** A moment: the day and the clock there, the zone's name and the reader's own clock where they differ. */
export function moment(iso: string, zone: string, reader: Reader, withDay: boolean): Said {
  const at = new Date(iso)
  const say = (where: string, day: boolean) =>
    (day ? `${dayName(at, where, reader)}, ` : '') + clockTime(at, where, reader)
  const isOther = differs(at, zone, reader)
  // Of the reader's own the day is said only where it is another one.
  const isOtherDay = dayOf(at, zone) !== dayOf(at, reader.zone)
  return {
    there: say(zone, withDay),
    zone: isOther ? zoneName(at, zone) : '',
    here: isOther ? say(reader.zone, isOtherDay) : '',
  }
}

/** From a moment to another; each day is said once, and of the reader's own only where it is another one. */
export function span(from: string, to: string, zone: string, reader: Reader): Said {
  const start = new Date(from)
  const end = new Date(to)
  const isOne = (where: string) => dayOf(start, where) === dayOf(end, where)
  const isSame = (at: Date) => dayOf(at, zone) === dayOf(at, reader.zone)
  const say = (at: Date, where: string, withDay: boolean) =>
    (withDay ? `${dayName(at, where, reader)}, ` : '') + clockTime(at, where, reader)
  // A day that was just said holds until another one is.
  const isEndSaid = isSame(start) ? isSame(end) : isOne(reader.zone)
  const isOther = differs(start, zone, reader) || differs(end, zone, reader)
  return {
    there: `${say(start, zone, true)} – ${say(end, zone, !isOne(zone))}`,
    zone: isOther ? zoneName(start, zone) : '',
    here: isOther ? `${say(start, reader.zone, !isSame(start))} – ${say(end, reader.zone, !isEndSaid)}` : '',
  }
}

/** Hours of a day by a place's own clock, `08:00-17:30`, as people there say them; 24:00 is the midnight after. */
export function hoursOfDay(span: string, reader: Reader): string {
  const say = (clock: string) =>
    clockTime(new Date(`2000-01-01T${clock === '24:00' ? '00:00' : clock}:00Z`), 'UTC', reader)
  return span.split('-').map(say).join(' – ')
}

/** Time that is left, as a clock that runs down: `04:12`, `1:04:12`; nothing once it is over. */
export function countdown(leftMs: number): string {
  const left = Math.max(0, Math.floor(leftMs / 1000))
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  const two = (each: number) => String(each).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`
}

/** A length of time in the reader's words: `38 min`, `1 h 10 min`. */
export function duration(seconds: number, locale: string): string {
  const minutes = Math.max(0, Math.round(seconds / 60))
  const say = (value: number, unit: 'hour' | 'minute' | 'day') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
  if (minutes < 60) return say(minutes, 'minute')
  if (minutes >= 48 * 60) return say(Math.round(minutes / 1440), 'day')
  const rest = minutes % 60
  const hours = say(Math.floor(minutes / 60), 'hour')
  return rest === 0 ? hours : `${hours} ${say(rest, 'minute')}`
}

/** How long the reader's own unit of ways is: a mile where miles are used. */
export const metresOf = (locale: string): number => (/-(US|GB|LR|MM)\b/.test(locale) ? 1609.344 : 1000)

/** A distance in the reader's unit; in a sentence the unit is written out. */
export function distance(metres: number, locale: string, unitDisplay: 'short' | 'long' = 'short'): string {
  const value = metres / metresOf(locale)
  const unit = metresOf(locale) === 1000 ? 'kilometer' : 'mile'
  const digits = value < 10 ? 1 : 0
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay, maximumFractionDigits: digits }).format(
    value,
  )
}

/** A sum with its currency; whole sums without decimals. */
export function money(amount: string, currency: string, locale: string): string {
  const style: Intl.NumberFormatOptions = { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' }
  return new Intl.NumberFormat(locale, style).format(Number(amount))
}
