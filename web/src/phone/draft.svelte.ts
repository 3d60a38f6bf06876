// What was typed and not sent yet? It outlives the page, the app and the battery; it dies when somebody signs out.

const PREFIX = 'truckroll.draft.'

export class Draft {
  readonly #name: string
  #text = $state('')

  constructor(about: string) {
    this.#name = PREFIX + about
    this.#text = localStorage.getItem(this.#name) ?? ''
  }

  get text(): string {
    return this.#text
  }

  set text(text: string) {
    this.#text = text
    if (text === '') localStorage.removeItem(this.#name)
    else localStorage.setItem(this.#name, text)
  }
}

export function forgetDrafts(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))
  for (const name of names) localStorage.removeItem(name)
}
