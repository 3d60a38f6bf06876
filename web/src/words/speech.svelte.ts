// In which language do we speak? The one chosen here, else the first of the reader's that we have.
import type { Problem } from '../server/problems'
import { withStops } from './stops'

export type Language = 'en' | 'es'

export const LANGUAGES: readonly Language[] = ['en', 'es']

const KEPT = 'truckroll.language'

function first(): Language {
  const wishes = [localStorage.getItem(KEPT), ...navigator.languages].map((each) => each?.slice(0, 2).toLowerCase())
  return LANGUAGES.find((language) => language === wishes.find((each) => LANGUAGES.includes(each as Language))) ?? 'en'
}

class Speech {
  /** What a face says of a refusal, once it has learned it. */
  refusal = $state.raw<(problem: Problem) => string | undefined>()
  language = $state<Language>(first())

  /** For dates, numbers and money: the reader's own region where they speak this language, else the United States'. */
  get locale(): string {
    return (
      navigator.languages.find((each) => each.toLowerCase().startsWith(`${this.language}-`)) ?? `${this.language}-US`
    )
  }

  choose(language: Language): void {
    this.language = language
    localStorage.setItem(KEPT, language)
    document.documentElement.lang = language
    void learn()
  }
}

export const speech = new Speech()
document.documentElement.lang = speech.language

/** What brings each catalogue's words. */
const brought: ((language: Language) => Promise<void>)[] = []

/**
 * The words of a face, in the language that is spoken; until those have come, in the one spoken before.
 *
 * They are there once `learn` has been awaited: by a face before it shows anything, and by the module of a catalogue
 * that belongs to a page which is brought later (`export const t = catalogue(…)`, then `await learn()`).
 */
export function catalogue<Words>(languages: Record<Language, () => Promise<Words>>): () => Words {
  let there = $state.raw<Partial<Record<Language, Words>>>({})
  brought.push(async (language) => {
    if (there[language] !== undefined) return
    const words = withStops(await languages[language]())
    there = { ...there, [language]: words }
  })
  return () => (there[speech.language] ?? there.en ?? there.es) as Words
}

/** Bring the words of the language that is spoken. */
export async function learn(): Promise<void> {
  const bring = (language: Language) => Promise.all(brought.map((each) => each(language)))
  // Another language's words are better than nothing.
  await bring(speech.language).catch(() => bring(speech.language === 'en' ? 'es' : 'en').catch(() => undefined))
}
