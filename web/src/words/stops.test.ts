// Does any sentence say `p.m..`? Each of both languages is said with a time in every place.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withStops } from './stops'

type Say = (...given: unknown[]) => unknown

/** Every sentence of a catalogue that something is put into, by its name. */
function sentences(words: unknown, path: string): [string, Say][] {
  if (typeof words === 'function') return [[path, words as Say]]
  if (typeof words !== 'object' || words === null) return []
  return Object.entries(words).flatMap(([name, each]) => sentences(each, `${path}/${name}`))
}

const names = readdirSync(join(import.meta.dirname, 'en')).map((name) => name.replace('.ts', ''))
const AT = new Intl.DateTimeFormat('es-MX', { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' }).format(0)

async function all(heals: boolean): Promise<string[]> {
  const said: string[] = []
  for (const language of ['en', 'es']) {
    for (const name of names) {
      const words = (await import(`./${language}/${name}.ts`))[name]
      for (const [path, say] of sentences(heals ? withStops(words) : words, `${language}/${name}`)) {
        said.push(`${path}: ${say(AT, AT, AT, AT, AT, AT)}`)
      }
    }
  }
  return said
}

describe('a sentence', () => {
  it('that ends in a time has one stop, in all catalogues', async () => {
    expect(AT.endsWith('.')).toBe(true)
    const isDoubled = (each: string) => each.includes('..')
    // Without it many would: what is tried here is said.
    expect((await all(false)).filter(isDoubled).length).toBeGreaterThan(60)
    expect((await all(true)).filter(isDoubled)).toEqual([])
  })

  it('has one stop wherever the time stands in it', () => {
    const { until, list } = withStops({
      until: (time: string, who: string) => `Until ${time}. Then ${who}.`,
      list: [(time: string) => `${time}.`],
    })
    expect(until('3 p.m.', 'Acme Inc.')).toBe('Until 3 p.m. Then Acme Inc.')
    expect(until('3 PM', 'Acme')).toBe('Until 3 PM. Then Acme.')
    expect(list[0]?.('a. m.')).toBe('a. m.')
  })

  it('leaves what somebody wrote as it is', () => {
    const { said, num } = withStops({
      said: (words: string) => `“${words}” was said.`,
      num: (num: number) => `${num}.`,
    })
    expect(said('wait.. and see...')).toBe('“wait.. and see...” was said.')
    expect(num(3)).toBe('3.')
  })

  it('keeps what is no sentence', () => {
    const words = { a: 'x', b: ['y'], c: null, d: 3 }
    expect(withStops(words)).toEqual(words)
  })
})
