// What the live count proposes for a job that nobody took is filled in where it belongs.
import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../server/api'
import type { Job } from '../state'
import { countOf, proposals } from './ways'

const change = (kind: string, after: string) => ({ kind, after }) as Schemas['ChangeOut']

/** A job whose window is still to come, as far as the count asks about it. */
function job(policy: Job['policy'], end_at = '2999-03-01T22:00:00Z'): Job {
  const needs = { skills: { hvac: 2 }, credentials: [], clearance: false, pools: [], market: true }
  const slots = [{ needs, pay: { kind: 'fixed', amount: '140.00', currency: 'USD' } }]
  const visit = { window: { start_at: '2999-03-01T14:00:00Z', end_at }, duration_min: 60, asked_time: 'window', slots }
  return { place: { site_id: 'site' }, policy, visits: [visit] } as unknown as Job
}

describe('the count of a job', () => {
  it('is by its own reach, and by the client’s where it has none', () => {
    expect(countOf(job({ reach_km: 240 }))).toMatchObject({ site_id: 'site', skill: ['hvac:2'], reach_km: 240 })
    expect(countOf(job({ reach_km: 40 }))?.reach_km).toBe(40)
    expect(countOf(job({}))).toBeDefined()
    expect(countOf(job({}))).not.toHaveProperty('reach_km')
  })

  it('is not asked of a time that is over', () => {
    expect(countOf(job({ reach_km: 240 }, '2000-03-01T22:00:00Z'))).toBeUndefined()
  })
})

describe('the ways on', () => {
  it('have the pay that is enough, the miles and the day that were counted', () => {
    const what = [
      { kind: 'day_later', km: null, num_in_reach: 9, num_may: 7 },
      { kind: 'wider', km: 16.09344, num_in_reach: null, num_may: null },
    ] as Schemas['WhatIfOut'][]
    expect(proposals([change('pay', ''), change('skill', 'hvac'), change('pay', '190.00')], what)).toEqual({
      raise_pay: { amount: '190' },
      move: { days: 1, num: 7 },
      widen: { miles: '10', num: null },
    })
  })

  it('propose nothing that was not counted', () => {
    expect(proposals([change('level', '3')], [])).toEqual({})
  })
})
