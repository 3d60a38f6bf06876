import { describe, expect, it } from 'vitest'
import { fits, type Handed, type Item, itemStates, numberOf, numLacking } from './checklist'
import type { Entry } from './store'

const PHOTO = { code: 'after', kind: 'photo', min_count: 2, per: 'job', is_required: true } as Item
const handed = (num: number, version: number, state: string) =>
  ({ id: `${num}-${version}`, item: 'after', num, version, state, visit_id: 'other' }) as Handed
const waiting = (replaces?: string) =>
  ({ kind: 'hand-in', about: 'visit', state: 'waiting', body: { item: 'after', replaces } }) as unknown as Entry

describe('a checklist', () => {
  const states = (deliverables: Handed[], entries: Entry[] = []) =>
    itemStates({ items: [PHOTO], deliverables }, 'visit', entries)

  it('counts what was handed in and what waits to be sent', () => {
    expect(states([handed(1, 1, 'submitted')]).map((each) => each.state)).toEqual(['open'])
    expect(states([handed(1, 1, 'submitted')], [waiting()]).map((each) => each.state)).toEqual(['kept'])
    expect(states([handed(1, 1, 'submitted'), handed(2, 1, 'passed')]).map((each) => each.state)).toEqual(['done'])
  })

  it('counts nothing twice that was read already', () => {
    const answered = { ...waiting(), became: '1-1' }
    expect(states([], [answered])[0]?.waiting).toEqual([answered])
    expect(states([handed(1, 1, 'submitted')], [answered])[0]?.waiting).toEqual([])
  })

  it('wants again what was sent back, until it is handed in anew', () => {
    const sentBack = [handed(1, 1, 'passed'), handed(2, 1, 'sent_back')]
    expect(states(sentBack)[0]?.back.map((each) => each.id)).toEqual(['2-1'])
    expect(numLacking(states(sentBack))).toBe(1)
    expect(states(sentBack, [waiting('2-1')])[0]?.state).toBe('kept')
    expect(states([...sentBack, handed(2, 2, 'submitted')])[0]?.state).toBe('done')
  })

  it('lacks nothing once there are as many devices as are enough', () => {
    const item = { ...PHOTO, min_count: 3, enough: 1 } as Item
    const of = (deliverables: Handed[], entries: Entry[] = []) =>
      itemStates({ items: [item], deliverables }, 'visit', entries)
    expect(numLacking(of([]))).toBe(1)
    expect(numLacking(of([handed(1, 1, 'submitted')]))).toBe(0)
    expect(numLacking(of([], [waiting()]))).toBe(0)
    expect(of([handed(1, 1, 'submitted')])[0]?.state).toBe('open')
    expect(numLacking(of([handed(1, 1, 'submitted'), handed(2, 1, 'sent_back')]))).toBe(1)
    expect(numLacking(states([handed(1, 1, 'submitted')]))).toBe(1)
  })

  it('of a visit asks for what belongs to this visit', () => {
    const item = { ...PHOTO, per: 'visit' } as Item
    const found = itemStates({ items: [item], deliverables: [handed(1, 1, 'passed')] }, 'visit', [])
    expect(found[0]?.handed).toEqual([])
  })

  it('knows the form of a serial number, and takes a comma in a number', () => {
    expect(fits('SN-####', 'SN-0042')).toBe(true)
    expect(fits('SN-####', 'SN-42')).toBe(false)
    expect(fits('a.b', 'axb')).toBe(false)
    expect(fits('@?', 'a1')).toBe(true)
    expect(fits(null, '')).toBe(false)
    expect([numberOf('62,5'), numberOf(' -3 '), numberOf('1e9'), numberOf('')]).toEqual([
      62.5,
      -3,
      undefined,
      undefined,
    ])
  })
})
