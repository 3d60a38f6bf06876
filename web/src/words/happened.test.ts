// Is whatever the engine writes down called something? A dispatcher reads no codes, in either language.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { happened as english } from './en/happened'
import { happened as spanish } from './es/happened'

const ENGINE = join(import.meta.dirname, '../../../dispatch')

/** What is recorded of jobs and visits, as it stands in the engine's own text. */
const told = (text: string): string[] =>
  [...text.matchAll(/\brecord\(\s*session,\s*\w+,\s*\("(?:job|visit)",[^)]*\),\s*"([a-z_]+)"/g)].map(
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
