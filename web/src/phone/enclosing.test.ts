import { describe, expect, it } from 'vitest'
import { enclose } from './enclosing'

describe('a file that was sent before', () => {
  it('is one more of a list, where what is said has one', () => {
    expect(enclose({ text: 'Look', files: [] }, ['f1'])).toEqual({ text: 'Look', files: ['f1'] })
    expect(enclose({ text: 'Look', files: ['f0'] }, ['f1', 'f2'])).toEqual({ text: 'Look', files: ['f0', 'f1', 'f2'] })
    expect(enclose({ amount: '5', position: { files: [] } }, ['f1'])).toEqual({
      amount: '5',
      position: { files: ['f1'] },
    })
  })

  it('is the one file of anything else, and nothing where there is none', () => {
    expect(enclose({ item: 'after' }, ['f1'])).toEqual({ item: 'after', file_id: 'f1' })
    expect(enclose({ item: 'after' }, [])).toEqual({ item: 'after' })
  })
})
