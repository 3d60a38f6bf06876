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

/** All that a catalogue can say: its texts, and what its functions are made of. */
function said(words: unknown): string[] {
  if (typeof words === 'object' && words !== null) return Object.values(words).flatMap(said)
  return [String(words)]
}

/** What only the engine calls so: people say place, asked people, money. */
const ENGINES_WORDS = {
  en: /\b(cells?|waves?|fan[- ]?outs?|ledgers?)\b/i,
  es: /(?<!\p{L})(celdas?|oleadas?|ondas?|abanicos?|libros? mayor(es)?|cells?|waves?|fan[- ]?outs?|ledgers?)(?!\p{L})/iu,
}

const catalogues = readdirSync(join(SOURCES, 'words', 'en')).map((name) => name.replace('.ts', ''))

describe('the words of the engine', () => {
  it('are found whole, in a text and in what a function says', () => {
    const caught = (language: 'en' | 'es', words: unknown) =>
      said(words).filter((each) => ENGINES_WORDS[language].test(each))
    const bad = {
      a: 'The next wave',
      b: { c: (num: number) => `${num} cells of a fan-out` },
      d: 'Ledger',
      e: 'Cancelled',
    }
    expect(caught('en', bad)).toHaveLength(3)
    expect(
      caught('es', { a: 'La oleada', b: ['Las celdas', 'cancelado'], c: (x: string) => `${x}: libro mayor` }),
    ).toHaveLength(3)
  })
})

describe.each(catalogues)('the catalogue %s', (name) => {
  it('has the same keys in every language, and no empty word', async () => {
    const [english, spanish] = await Promise.all([import(`./en/${name}.ts`), import(`./es/${name}.ts`)])
    expect(shape(spanish[name])).toEqual(shape(english[name]))
    expect(shape(english[name]).length).toBeGreaterThan(20)
  })

  it.each(['en', 'es'] as const)('says in %s nothing in the words of the engine', async (language) => {
    const spoken = said((await import(`./${language}/${name}.ts`))[name])
    expect(spoken.length).toBeGreaterThan(20)
    expect(spoken.filter((each) => ENGINES_WORDS[language].test(each))).toEqual([])
  })
})
