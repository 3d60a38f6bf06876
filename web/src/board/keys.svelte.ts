// What does a key do? Only where nobody is typing.
import { type Shape, view } from './view.svelte'

class Keys {
  isHelpOpen = $state(false)

  press = (event: KeyboardEvent): void => {
    const on = event.target
    // A dialog that just closed may keep the focus until the next picture is drawn: it takes no keys any more.
    const isTyping =
      on instanceof HTMLElement && on.closest('input, select, textarea, dialog[open], [contenteditable]') !== null
    if (isTyping || event.metaKey || event.ctrlKey || event.altKey) return
    const work: Record<string, () => void> = {
      j: () => this.#step(1),
      k: () => this.#step(-1),
      a: () => {
        const tab = document.querySelector<HTMLElement>('[data-tab="asked"]')
        tab?.click()
        tab?.focus()
      },
      m: () => document.querySelector<HTMLInputElement>('.moves input')?.focus(),
      '1': () => this.#show('list'),
      '2': () => this.#show('timeline'),
      '3': () => this.#show('map'),
      '?': () => {
        this.isHelpOpen = true
      },
      '/': () => document.querySelector<HTMLInputElement>('input[type="search"]')?.focus(),
      Escape: () => {
        view.selected = undefined
      },
    }
    const found = work[event.key]
    if (found === undefined) return
    event.preventDefault()
    found()
  }

  #show(shape: Shape): void {
    view.shape = shape
  }

  /** The next row, or the one before, of whatever list the reader is in: it gets the focus, and its job is chosen. */
  #step(by: number): void {
    const here = document.activeElement?.closest('aside, .work')
    const rows = [...(here ?? document).querySelectorAll<HTMLElement>('[data-row]')]
    const at = rows.indexOf(document.activeElement as HTMLElement)
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]
    next?.focus()
    next?.click()
  }
}

export const keys = new Keys()
