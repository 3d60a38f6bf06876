// Only what differs from what a form began with is kept.
import { describe, expect, it } from 'vitest'
import { differing } from './differing'

describe('what was typed', () => {
  it('is what differs, lists and parts included, and nothing where nothing does', () => {
    const first = { title: 'Pump', amount: null as number | null, pools: ['a'], skills: [{ code: 'hvac', level: 1 }] }
    expect(differing({ ...first, pools: ['a'] }, first)).toEqual({})
    const typed = { ...first, title: '', amount: 25, pools: [], skills: [{ code: 'hvac', level: 2 }] }
    expect(differing(typed, first)).toEqual({ title: '', amount: 25, pools: [], skills: [{ code: 'hvac', level: 2 }] })
  })

  it('is also a field that the form did not begin with', () => {
    expect(differing<Record<string, string>>({ name: 'A', sum: '5', day: '' }, { name: 'A' })).toEqual({ sum: '5' })
  })
})
