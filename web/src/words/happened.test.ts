// Is whatever the engine writes down called something? A dispatcher reads no codes, in either language.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { happened as english } from './en/happened'
import { happened as spanish } from './es/happened'

const ENGINE = join(import.meta.dirname, '../../../dispatch')

/** What is recorded of jobs, their visits, offers and assignments: all of which a job's story tells, as it stands in the engine's own text. */
const told = (text: string): string[] =>
  [...text.matchAll(/\brecord\(\s*session,\s*\w+,\s*\("(?:job|visit|offer|assignment)",[^)]*\),\s*"([a-z_]+)"/g)].map(
    (each) => each[1] ?? '',
  )

const kinds = new Set(
  readdirSync(ENGINE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.py'))
    .flatMap((name) => told(readFileSync(join(ENGINE, name), 'utf8'))),
)

describe('what happened', () => {
  it('is found in what the engine writes down', () => {
    expect(kinds).toContain('slot_filled')
    expect(kinds).toContain('made')
    expect(kinds).toContain('asked_for')
    expect(kinds.size).toBeGreaterThan(20)
  })

  it.each([...kinds])('%s has words in both languages', (kind) => {
    expect(english.events[kind], kind).toBeTruthy()
    expect(spanish.events[kind], kind).toBeTruthy()
    expect(`${english.events[kind]} ${spanish.events[kind]}`).not.toContain('_')
  })
})

describe('the words for people', () => {
  it.each(['en', 'es'])('of the board in %s name no cell', (language) => {
    const text = readFileSync(join(import.meta.dirname, language, 'board.ts'), 'utf8')
    expect(text).not.toMatch(/\bcells?\b|\bceldas?\b/i)
  })
})

describe('what would let more do it', () => {
  it.each([
    ['en-US', 'Raise the pay to $48', 'Ask for HVAC at level 2'],
    ['es-MX', 'Subir el pago a USD 48', 'Pedir climatización en el nivel 2'],
  ])('says money in %s with its currency, as its reader writes it', async (locale, said, level) => {
    vi.resetModules()
    vi.stubGlobal('localStorage', { getItem: () => null })
    vi.stubGlobal('document', { documentElement: {} })
    vi.stubGlobal('navigator', { languages: [locale] })
    const { learn } = await import('./speech.svelte')
    const { changeName } = await import('./happened')
    await learn()
    const change = { subject: '', before: '40.00', num_more: 5, is_exact: true, text: '', words: '' }
    const pay = changeName({ ...change, kind: 'pay', after: '48.00', currency: 'USD' })
    expect(pay.replaceAll('\u00a0', ' ')).toBe(said)
    expect(changeName({ ...change, kind: 'level', subject: 'hvac', after: '2', currency: '' })).toBe(level)
    vi.unstubAllGlobals()
  })
})
