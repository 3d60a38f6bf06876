// Are the limits that we name those of the packs, and is a code said in words to whoever reads?
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { names } from './en/names'

const PACKS = join(import.meta.dirname, '..', '..', '..', 'dispatch', 'talent', 'packs')
const packs = readdirSync(PACKS).filter((name) => name.endsWith('.toml'))
const said = (text: string, name: string) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(text)?.[1]

afterEach(() => void vi.unstubAllGlobals())

// In English a limit is called what its pack calls itself.
it.each(packs)('%s has its name here', (file) => {
  const text = readFileSync(join(PACKS, file), 'utf8')
  const known = names.limits[file.replace('.toml', '')] ?? names.limits[said(text, 'id') ?? '']
  expect(known?.replaceAll('’', "'")).toBe(said(text, 'title'))
})

it('what a limit says of technicians is said to themselves on the phone', () => {
  const theirs = Object.entries(names.limits).filter(([, words]) => /\b(they|their|them)\b/.test(words))
  expect(theirs.length).toBeGreaterThan(0)
  for (const [pack, words] of theirs) expect(names.mine[pack], pack).toBe(words.replace('they earn', 'you earn'))
})

it.each([
  ['en-US', ['HVAC', 'W-9', 'Background check', 'Heating crew', 'crane hoist', 'Crane']],
  ['es-MX', ['climatización', 'W-9', 'Verificación de antecedentes', 'climatización', 'crane hoist', 'Crane']],
])('a code is said to who reads %s as it is named, as we know it, or else as it stands', async (locale, said) => {
  vi.resetModules()
  vi.stubGlobal('localStorage', { getItem: () => null })
  vi.stubGlobal('document', { documentElement: {} })
  vi.stubGlobal('navigator', { languages: [locale] })
  const { codeName } = await import('./names')
  const unnamed = ['hvac', 'w9', 'background_check'].map((code) => codeName(code))
  const named = [codeName('hvac', 'Heating crew'), codeName('crane_hoist'), codeName('crane_hoist', 'Crane')]
  expect([...unnamed, ...named]).toEqual(said)
})
