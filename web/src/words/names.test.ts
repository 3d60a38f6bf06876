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

const DEVICES = readFileSync(join(import.meta.dirname, '..', '..', '..', 'dispatch', 'jobs', 'devices.py'), 'utf8')

it.each([
  ['en-US', 'Serial number of each device'],
  ['es-MX', 'Número de serie de cada equipo'],
])('what work paid by the device asks for by itself is said to who reads %s in words of ours', async (locale, ours) => {
  vi.resetModules()
  vi.stubGlobal('localStorage', { getItem: () => null })
  vi.stubGlobal('document', { documentElement: {} })
  vi.stubGlobal('navigator', { languages: [locale] })
  const { itemName } = await import('./names')
  const [, code = '', label = ''] = /_CODE, _LABEL = "(\w+)", "(.+)"/.exec(DEVICES) ?? []
  expect([itemName({ code, label }), itemName({ code: `${code}_`, label })]).toEqual([ours, ours])
  // What a client wrote is said as it stands, though the code or the words are those.
  expect(itemName({ code, label: 'Till number' })).toBe('Till number')
  expect(itemName({ code: 'serial', label })).toBe(label)
})
