// Is every cell that cannot be used told of in the reader's words? Which columns there are says the API's own text.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { desk as english } from '../../words/en/desk'
import { desk as spanish } from '../../words/es/desk'

const sheet = readFileSync(join(import.meta.dirname, '../../../../api/jobsheet.py'), 'utf8')
const tuple = (name: string): string => new RegExp(`^${name} = \\(([^)]*)\\)`, 'm').exec(sheet)?.[1] ?? ''
const columns = [...(tuple('REQUIRED') + tuple('_MORE')).matchAll(/"(\w+)"/g)].map((each) => each[1] as string)

afterEach(() => void vi.unstubAllGlobals())

describe('a cell that cannot be used', () => {
  it.each(columns)('of the column %s is told of in both languages', (column) => {
    expect(english.upload.takes[column]).toBeTruthy()
    expect(spanish.upload.takes[column]).toBeTruthy()
  })

  it.each([
    ['en-US', 'Write a sum such as 140.00', 'name a budget of yours'],
    ['es-MX', 'Escriba una suma como 140.00', 'Esto no se puede usar'],
  ])('is told of in the catalogue’s words to who reads %s', async (locale, said, unknown) => {
    expect(columns).toContain('pay')
    vi.resetModules()
    vi.stubGlobal('localStorage', { getItem: () => null })
    vi.stubGlobal('document', { documentElement: {} })
    vi.stubGlobal('navigator', { languages: [locale] })
    const { learn } = await import('../../words/speech.svelte')
    const { faultWords } = await import('./fault')
    await learn()
    const fault = { line: 2, column: 'pay', value: 'a lot', code: 'bad_value', message: 'send a sum from 0 on' }
    expect(faultWords(fault)).toBe(said)
    // What stands in no column is told of as the server says it, or not at all.
    expect(faultWords({ ...fault, column: '', message: 'name a budget of yours' })).toBe(unknown)
  })
})
