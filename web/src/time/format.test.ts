import { describe, expect, it } from 'vitest'
import {
  countdown,
  dateName,
  dayAfter,
  dayName,
  dayOf,
  differs,
  distance,
  duration,
  hoursOfDay,
  midnight,
  moment,
  money,
  span,
} from './format'

const NOW = Date.parse('2027-02-01T12:00:00Z')
const reader = (zone: string, locale = 'en-US') => ({ locale, zone, now: NOW })
const plain = (text: string) => text.replace(/\s/g, ' ')

describe('a time', () => {
  it('is said by the clock there alone when the reader has the same', () => {
    expect(moment('2027-03-01T19:00:00Z', 'America/Chicago', reader('America/Chicago'), false)).toMatchObject({
      zone: '',
      here: '',
    })
  })

  it('is said with the zone and the reader’s own clock when they differ', () => {
    const said = moment('2027-03-01T19:00:00Z', 'America/Chicago', reader('America/New_York'), false)
    expect([plain(said.there), said.zone, plain(said.here)]).toEqual(['1:00 PM', 'CST', '2:00 PM'])
    // The day is said twice only where it is another one, and then also where none was asked for.
    const sameDay = moment('2027-03-01T19:00:00Z', 'America/Chicago', reader('America/New_York'), true)
    expect([plain(sameDay.there), plain(sameDay.here)]).toEqual(['Mon, Mar 1, 1:00 PM', '2:00 PM'])
    const next = moment('2027-03-02T05:30:00Z', 'America/Chicago', reader('America/New_York'), false)
    expect([plain(next.there), plain(next.here)]).toEqual(['11:30 PM', 'Tue, Mar 2, 12:30 AM'])
  })

  it('takes zones of other names and the same clock for one', () => {
    expect(differs(new Date('2027-03-01T19:00:00Z'), 'America/Chicago', reader('America/Menominee'))).toBe(false)
    // Phoenix keeps no summer time: the same clock as Denver in March, another in July.
    expect(differs(new Date('2027-03-01T19:00:00Z'), 'America/Denver', reader('America/Phoenix'))).toBe(false)
    expect(differs(new Date('2027-07-01T19:00:00Z'), 'America/Denver', reader('America/Phoenix'))).toBe(true)
  })

  it('says the day of the end only where it is another', () => {
    const here = reader('America/Chicago')
    const short = span('2027-03-01T19:00:00Z', '2027-03-01T23:00:00Z', 'America/Chicago', here)
    expect(plain(short.there)).toBe('Mon, Mar 1, 1:00 PM – 5:00 PM')
    const long = span('2027-03-01T19:00:00Z', '2027-03-02T23:00:00Z', 'America/Chicago', here)
    expect(plain(long.there)).toContain('Tue, Mar 2, 5:00 PM')
  })

  it('names the reader’s day of a span only where it is another', () => {
    const here = (from: string, to: string, zone: string, own: string) => plain(span(from, to, zone, reader(own)).here)
    const [site, own] = ['America/Chicago', 'America/New_York']
    expect(here('2027-03-01T19:00:00Z', '2027-03-01T23:00:00Z', site, own)).toBe('2:00 PM – 6:00 PM')
    // It ends at the reader's after midnight; begins there, too; and lies on two days by both clocks.
    expect(here('2027-03-02T03:00:00Z', '2027-03-02T05:30:00Z', site, own)).toBe('10:00 PM – Tue, Mar 2, 12:30 AM')
    expect(here('2027-03-02T05:00:00Z', '2027-03-02T05:45:00Z', site, own)).toBe('Tue, Mar 2, 12:00 AM – 12:45 AM')
    expect(here('2027-03-02T04:00:00Z', '2027-03-02T08:00:00Z', site, own)).toBe('11:00 PM – 3:00 AM')
    expect(here('2027-03-02T05:30:00Z', '2027-03-03T04:30:00Z', site, own)).toBe('Tue, Mar 2, 12:30 AM – 11:30 PM')
    expect(here('2027-03-02T05:30:00Z', '2027-03-03T07:00:00Z', site, own)).toBe(
      'Tue, Mar 2, 12:30 AM – Wed, Mar 3, 2:00 AM',
    )
    // West of the site the reader's day may be the one before, at both ends or at one.
    expect(here('2027-03-01T05:15:00Z', '2027-03-01T05:45:00Z', own, site)).toBe('Sun, Feb 28, 11:15 PM – 11:45 PM')
    expect(here('2027-03-01T05:15:00Z', '2027-03-01T09:00:00Z', own, site)).toBe(
      'Sun, Feb 28, 11:15 PM – Mon, Mar 1, 3:00 AM',
    )
  })

  it('says both clocks of a span in which one of them changes', () => {
    // Denver goes to summer time at 09:00Z; Phoenix has none: one clock at the start, two at the end.
    const said = span('2027-03-14T07:30:00Z', '2027-03-14T10:00:00Z', 'America/Denver', reader('America/Phoenix'))
    expect([plain(said.there), said.zone, plain(said.here)]).toEqual([
      'Sun, Mar 14, 12:30 AM – 4:00 AM',
      'MST',
      '12:30 AM – 3:00 AM',
    ])
    // And back: an hour that comes twice there is as long as it is.
    const back = span('2027-11-07T06:30:00Z', '2027-11-07T08:30:00Z', 'America/Chicago', reader('UTC'))
    expect([plain(back.there), plain(back.here)]).toEqual(['Sun, Nov 7, 1:30 AM – 2:30 AM', '6:30 AM – 8:30 AM'])
  })

  it('goes by the reader’s habits', () => {
    const said = moment('2027-03-01T19:00:00Z', 'Europe/Madrid', reader('Europe/Madrid', 'es-ES'), true)
    expect(plain(said.there)).toBe('lun, 1 mar, 20:00')
  })

  it('has its year when that is not the present one', () => {
    const day = (iso: string, locale: string) => plain(dayName(new Date(iso), 'America/Chicago', reader('UTC', locale)))
    const days = ['2027-02-25T18:00:00Z', '2026-11-27T18:00:00Z', '2030-02-25T18:00:00Z']
    expect(days.map((each) => day(each, 'en-US'))).toEqual(['Thu, Feb 25', 'Fri, Nov 27, 2026', 'Mon, Feb 25, 2030'])
    expect(days.map((each) => day(each, 'es-ES'))).toEqual(['jue, 25 feb', 'vie, 27 nov 2026', 'lun, 25 feb 2030'])
    // The year turns by the clock of the place, for the day and for what is the present one.
    expect(day('2028-01-01T05:59:00Z', 'en-US')).toBe('Fri, Dec 31')
    expect(day('2028-01-01T06:00:00Z', 'en-US')).toBe('Sat, Jan 1, 2028')
    const turning = { ...reader('UTC'), now: Date.parse('2028-01-01T05:59:00Z') }
    expect(dayName(new Date('2027-12-31T18:00:00Z'), 'America/Chicago', turning)).toBe('Fri, Dec 31')
    const valid = span('2026-11-27T18:00:00Z', '2027-02-25T18:00:00Z', 'UTC', reader('UTC'))
    expect(plain(valid.there)).toBe('Fri, Nov 27, 2026, 6:00 PM – Thu, Feb 25, 6:00 PM')
  })

  it('of a paper has its year in any case', () => {
    expect([dateName('2027-02-25', reader('UTC')), plain(dateName('2026-01-15', { locale: 'es-ES' }))]).toEqual([
      'Thu, Feb 25, 2027',
      'jue, 15 ene 2026',
    ])
  })

  it('says hours of a day as people there do', () => {
    expect(plain(hoursOfDay('08:00-17:30', reader('America/Chicago')))).toBe('8:00 AM – 5:30 PM')
    expect(plain(hoursOfDay('18:00-24:00', reader('America/Chicago', 'es-ES')))).toBe('18:00 – 0:00')
  })

  it('knows the day by the zone’s own clock', () => {
    expect(dayOf(new Date('2027-03-02T03:00:00Z'), 'America/Chicago')).toBe('2027-03-01')
    expect(dayAfter('2027-02-28', 1)).toBe('2027-03-01')
    expect(dayAfter('2027-03-01', -1)).toBe('2027-02-28')
  })
})

describe('a length', () => {
  it('runs down to nothing and not further', () => {
    expect([252_000, 3_852_000, 999, -5].map(countdown)).toEqual(['04:12', '1:04:12', '00:00', '00:00'])
  })

  it('is said in hours and minutes, and in days when it is long', () => {
    const said = [2280, 4200, 7200, 3 * 86_400].map((each) => plain(duration(each, 'en-US')))
    expect(said).toEqual(['38 min', '1 hr 10 min', '2 hr', '3 days'])
  })

  it('of a way is in miles where miles are used', () => {
    expect([distance(61_155, 'en-US'), distance(61_155, 'es-ES'), distance(5_000, 'es-MX')]).toEqual([
      '38 mi',
      '61 km',
      '5 km',
    ])
  })
})

describe('a sum', () => {
  it('has its currency, and decimals only where they say something', () => {
    expect([money('140.00', 'USD', 'en-US'), money('140.50', 'USD', 'en-US')]).toEqual(['$140', '$140.50'])
    expect(plain(money('1200', 'MXN', 'en-US'))).toBe('MX$1,200')
  })
})

describe('midnight', () => {
  it('is where the day begins, on days that the clocks change too', () => {
    const at = (day: string, zone: string) => midnight(day, zone).toISOString()
    expect(at('2027-03-01', 'America/Chicago')).toBe('2027-03-01T06:00:00.000Z')
    expect(at('2027-03-14', 'America/Chicago')).toBe('2027-03-14T06:00:00.000Z')
    expect(at('2027-03-15', 'America/Chicago')).toBe('2027-03-15T05:00:00.000Z')
    expect(at('2027-11-08', 'America/Chicago')).toBe('2027-11-08T06:00:00.000Z')
    expect(at('2027-06-01', 'Asia/Kolkata')).toBe('2027-05-31T18:30:00.000Z')
  })
})
