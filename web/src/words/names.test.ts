// Are the limits that we name those of the packs? In English they are called what the pack calls itself.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { names } from './en/names'

const PACKS = join(import.meta.dirname, '..', '..', '..', 'dispatch', 'talent', 'packs')
const packs = readdirSync(PACKS).filter((name) => name.endsWith('.toml'))
const said = (text: string, name: string) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(text)?.[1]

it.each(packs)('%s has its name here', (file) => {
  const text = readFileSync(join(PACKS, file), 'utf8')
  const known = names.limits[file.replace('.toml', '')] ?? names.limits[said(text, 'id') ?? '']
  expect(known?.replaceAll('’', "'")).toBe(said(text, 'title'))
})
