// Is everything that a person reads in the catalogue, in every language? Components hold no words of their own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { wordsIn } from './finding'

const SOURCES = join(import.meta.dirname, '..')
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
const components = files.filter((name) => name.endsWith('.svelte'))

describe('a component', () => {
  it('is caught when it speaks for itself', () => {
    const bad = `<p>Hello there</p><button aria-label="Close it" class="main plain">{x ? 'Say yes' : t().no}</button>`
    expect(wordsIn(bad)).toEqual(['Hello there', 'Close it', 'Say yes'])
    const good = `<p class="two words" id="Id">{t().hello}, {name}<a href={'/day' + day} title={c().day}>·</a></p>`
    expect(wordsIn(good)).toEqual([])
  })

  it.each(components)('%s has no words of its own', (name) => {
    expect(wordsIn(readFileSync(join(SOURCES, name), 'utf8'))).toEqual([])
  })
})

/** Every key with its kind, so that a list can be compared. */
function shape(words: unknown, path = ''): string[] {
  if (typeof words !== 'object' || words === null) return [`${path} ${typeof words}`]
  return Object.entries(words).flatMap(([name, each]) => shape(each, `${path}/${name}`))
}

const catalogues = readdirSync(join(SOURCES, 'words', 'en')).map((name) => name.replace('.ts', ''))

describe.each(catalogues)('the catalogue %s', (name) => {
  it('has the same keys in every language, and no empty word', async () => {
    const [english, spanish] = await Promise.all([import(`./en/${name}.ts`), import(`./es/${name}.ts`)])
    expect(shape(spanish[name])).toEqual(shape(english[name]))
    expect(shape(english[name]).length).toBeGreaterThan(20)
  })
})
