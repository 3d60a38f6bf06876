// Which page of a face is open? The part of the address after the face's own, kept in step with the browser's history.

export class Route {
  path = $state('/')
  readonly #base: string

  constructor(base: string) {
    this.#base = base
    this.#read()
    addEventListener('popstate', () => this.#read())
    addEventListener('click', (event) => this.#follow(event))
  }

  /** The parts of the path: `['offers', '0197…']`. */
  get parts(): readonly string[] {
    return this.path.split('/').filter(Boolean)
  }

  href(path: string): string {
    return this.#base + path
  }

  go(path: string): void {
    history.pushState(null, '', this.href(path))
    this.#read()
    scrollTo(0, 0)
    // Whoever reads with the keyboard or by ear is where the new page begins.
    document.querySelector('main')?.focus()
  }

  /** The same page under another address: going back does not lead to the old one. */
  rename(path: string): void {
    history.replaceState(null, '', this.href(path))
    this.#read()
  }

  #read(): void {
    this.path = location.pathname.startsWith(this.#base) ? location.pathname.slice(this.#base.length) || '/' : '/'
  }

  /** A plain click on a link of ours opens the page without loading it anew. */
  #follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.defaultPrevented
    if (!link || !isPlain || link.target || link.hasAttribute('download')) return
    if (link.origin !== location.origin || !link.pathname.startsWith(`${this.#base}/`)) return
    event.preventDefault()
    this.go(link.pathname.slice(this.#base.length))
  }
}
