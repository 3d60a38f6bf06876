import { describe, expect, it } from 'vitest'
import { workOf } from './asking'
import { type Draft, emptyDraft } from './draft'
import { changesOf, fill } from './template'

const KEPT = {
  title: 'Swap a till',
  job_type: 'service',
  description: '',
  duration_min: 90,
  priority: 2,
  mode: 'first',
  budget: 'Q1',
  policy: { reach_km: 240, wave: { max_size: 9 } },
  day_policy: { rates: { cap_h: '4.00', travel_mile: '0.65' }, confirm_min: 30 },
  deliverables: [{ code: 'photo' }],
  cleared: { texts: [{ name: 'alarm_code', text: null }] },
  slots: [
    {
      role: 'technician',
      count: 2,
      is_observer: false,
      needs: { skills: { till: 3 }, credentials: [], clearance: false, pools: [], market: true },
      pay: { kind: 'hourly', amount: '60.00', currency: 'USD' },
    },
    { role: 'helper', count: 1, needs: { skills: {} }, pay: { kind: 'fixed', amount: '40.00', currency: 'USD' } },
  ],
}

function filled(): Draft {
  const draft = emptyDraft()
  fill(draft, KEPT)
  return draft
}

describe('a template', () => {
  it('is read back with its budget and how far around is asked', () => {
    expect(filled()).toMatchObject({ budget: 'Q1', reachKm: 240, capHours: '4', amount: '60', payWay: 'hourly' })
  })

  it('changes nothing where nothing else was typed, so that all that no field shows is posted too', () => {
    expect(changesOf(filled(), KEPT)).toEqual({})
  })

  it('keeps what stands beside the typed in the same field: other people, other rates, waves', () => {
    const draft = { ...filled(), amount: '65', capHours: '', reachKm: null, budget: '', title: 'Swap two tills' }
    expect(changesOf(draft, KEPT)).toEqual({
      title: 'Swap two tills',
      budget: null,
      policy: { wave: { max_size: 9 } },
      day_policy: { rates: { travel_mile: '0.65' }, confirm_min: 30 },
      slots: [{ ...KEPT.slots[0], pay: { kind: 'hourly', amount: '65', currency: 'USD' } }, KEPT.slots[1]],
    })
  })

  it('that is made here of what is typed is read back as it was typed', () => {
    const draft = {
      ...emptyDraft(),
      title: 'X',
      budget: 'Q2',
      reachKm: 176.1,
      payWay: 'blended' as const,
      amount: '100',
      thenHourly: '50',
    }
    const again = emptyDraft()
    fill(again, workOf(draft))
    expect(workOf(again)).toEqual(workOf(draft))
  })
})
