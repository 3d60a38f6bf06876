// What was typed and not sent yet? It outlives the page, the app and the battery; it dies when somebody signs out.

const PREFIX = 'truckroll.draft.'

export class Draft<Text extends string = string> {
  readonly #name: string
  readonly #first: Text
  #text = $state() as Text

  /** What it begins with, where nothing was typed, is not kept. */
  constructor(about: string, first = '' as Text) {
    this.#name = PREFIX + about
    this.#first = first
    this.#text = (localStorage.getItem(this.#name) as Text | null) ?? first
  }

  get text(): Text {
    return this.#text
  }

  set text(text: Text) {
    this.#text = text
    if (text === this.#first) localStorage.removeItem(this.#name)
    else localStorage.setItem(this.#name, text)
  }

  /** It was said: as it was at first. */
  over(): void {
    this.text = this.#first
  }
}

export function forgetDrafts(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))
  for (const name of names) localStorage.removeItem(name)
}
