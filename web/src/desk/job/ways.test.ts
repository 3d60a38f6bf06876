// What the live count proposes for a job that nobody took is filled in where it belongs.
import { describe, expect, it } from 'vitest'
import type { Schemas } from '../../server/api'
import { proposals } from './ways'

const change = (kind: string, after: string) => ({ kind, after }) as Schemas['ChangeOut']

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
