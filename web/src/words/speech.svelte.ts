// In which language do we speak? The one chosen here, else the first of the reader's that we have.

export type Language = 'en' | 'es'

export const LANGUAGES: readonly Language[] = ['en', 'es']

const KEPT = 'truckroll.language'

function first(): Language {
  const wishes = [localStorage.getItem(KEPT), ...navigator.languages].map((each) => each?.slice(0, 2).toLowerCase())
  return LANGUAGES.find((language) => language === wishes.find((each) => LANGUAGES.includes(each as Language))) ?? 'en'
}

class Speech {
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

/** What brings the words of languages that are not the first. */
const brought: ((language: Language) => Promise<void>)[] = []

/** The words of a face, in whichever language is spoken when they are asked for; English until others have come. */
export function catalogue<Words>(
  english: Words,
  others: Record<Exclude<Language, 'en'>, () => Promise<Words>>,
): () => Words {
  let there = $state.raw<Partial<Record<Language, Words>>>({ en: english })
  brought.push(async (language) => {
    if (language === 'en' || there[language] !== undefined) return
    const words = await others[language]()
    there = { ...there, [language]: words }
  })
  return () => there[speech.language] ?? english
}

/** Bring the words of the language that is spoken, before anything is shown. */
export async function learn(): Promise<void> {
  // Without them English is better than nothing.
  await Promise.all(brought.map((bring) => bring(speech.language))).catch(() => undefined)
}
