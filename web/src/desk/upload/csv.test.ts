import { describe, expect, it } from 'vitest'
import { csvOf } from './csv'

describe('a table as CSV', () => {
  it('quotes what would be read otherwise', () => {
    const rows = [{ a: 'one, two', b: 'say "no"' }, { a: 'line\nbreak' }]
    expect(csvOf(['a', 'b'], rows)).toBe('a,b\n"one, two","say ""no"""\n"line\nbreak",')
  })
})
