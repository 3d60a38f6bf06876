import { describe, expect, it } from 'vitest'
import {
  changedLimits,
  isJobs,
  isSum,
  isWay,
  metresBetween,
  type Own,
  quietOf,
  toConsent,
  typedSum,
  typedWay,
  wrongAtOnce,
  wrongLimits,
} from './limits'

const own = (consent: Own['consent']) => ({ consent }) as Own

describe('a way', () => {
  it('is typed in the unit of the reader, and sent in kilometres', () => {
    expect(typedWay(80, 'en-US')).toBe('49.7')
    expect(typedWay(80, 'es-MX')).toBe('80')
    expect(typedWay(null, 'en-US')).toBe('')
    expect(changedLimits({ way: '50' }, 'en-US')).toEqual({ radius_km: 80.467 })
    expect(changedLimits({ way: '50,5' }, 'es-ES')).toEqual({ radius_km: 50.5 })
    expect(changedLimits({ way: ' ' }, 'en-US')).toEqual({ radius_km: null })
  })

  it('is more than none, and at most half way round the Earth, whatever the unit', () => {
    expect(['0', '-3', 'far', '', '1e3', '12452'].filter((each) => isWay(each, 'en-US'))).toEqual([])
    expect(['0.1', '12450'].every((each) => isWay(each, 'en-US'))).toBe(true)
    expect(isWay('12452', 'es-ES')).toBe(true)
    expect(isWay('20039', 'es-ES')).toBe(false)
  })
})

describe('my own limits', () => {
  it('send what was typed in alone: what was not stays as exact as it was', () => {
    expect(changedLimits({ rate: '45,50' }, 'en-US')).toEqual({ min_hourly: '45.50' })
    expect(changedLimits({ jobs: '3', rate: '' }, 'en-US')).toEqual({ day_capacity: 3, min_hourly: null })
    expect(changedLimits({ way: '20', isUndrawn: true }, 'es-ES')).toEqual({ radius_km: 20, area: null })
    expect(changedLimits({}, 'en-US')).toEqual({})
  })

  it('may be none at all, and are named where they cannot be sent', () => {
    expect(wrongLimits({ way: '', rate: '', jobs: '', isUndrawn: false }, 'en-US')).toEqual([])
    expect(wrongLimits({ way: '0', rate: '45.555', jobs: '101', isUndrawn: false }, 'en-US')).toEqual([
      'way',
      'rate',
      'jobs',
    ])
    expect(['', '1.5', '-1', '100001'].filter(isSum)).toEqual(['1.5'])
    expect([isJobs('0', 0), isJobs('0', 1), isJobs('100', 1), isJobs('2.5', 0)]).toEqual([true, false, true, false])
    expect([typedSum('45.00'), typedSum('45.50'), typedSum(null)]).toEqual(['45', '45.50', ''])
  })
})

describe('standing consent', () => {
  it('has all of its limits', () => {
    expect(wrongAtOnce({ rate: '', way: '', jobs: '' }, 'en-US')).toEqual(['rate', 'way', 'jobs'])
    expect(wrongAtOnce({ rate: '45', way: '30', jobs: '0' }, 'en-US')).toEqual(['jobs'])
  })

  it('keeps the way as exact as it was where another was not typed', () => {
    const before = own({ min_hourly: '40.00', max_distance_km: 80, max_per_day: 2, is_paused: false })
    const form = { rate: '45', way: '49.7', jobs: '2' }
    expect(toConsent(form, before, 'en-US')).toEqual({ min_hourly: '45', max_distance_km: 80, max_per_day: 2 })
    expect(toConsent({ ...form, way: '50' }, before, 'en-US').max_distance_km).toBe(80.467)
    expect(toConsent(form, own(null), 'en-US').max_distance_km).toBe(79.984)
  })
})

describe('quiet hours', () => {
  it('are typed by a clock, and are none for who works in them', () => {
    const quiet = { begin: '22:00', end: '24:00' }
    expect(quietOf({ quiet, works_in_quiet_hours: false })).toEqual({ begin: '22:00', end: '00:00' })
    expect(quietOf({ quiet, works_in_quiet_hours: true })).toEqual({ begin: '', end: '' })
    expect(quietOf({ quiet: null, works_in_quiet_hours: false })).toEqual({ begin: '', end: '' })
  })
})

describe('the way between two places', () => {
  it('is the one over the ground', () => {
    const [chicago, houston] = [
      { lat: 41.8781, lng: -87.6298 },
      { lat: 29.7604, lng: -95.3698 },
    ]
    expect(metresBetween(chicago, chicago)).toBe(0)
    expect(Math.round(metresBetween(chicago, houston) / 1000)).toBeGreaterThan(1_505)
    expect(Math.round(metresBetween(chicago, houston) / 1000)).toBeLessThan(1_518)
    expect(metresBetween(chicago, houston)).toBeCloseTo(metresBetween(houston, chicago))
  })
})
