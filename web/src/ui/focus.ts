// Where is the reader when what they were on is gone? Whoever reads with the keyboard or by ear never falls off the page.

/** An element, and all that it lies in; of what was opened also what opened it, and all that lies in. */
type Place = readonly Element[]

/** What takes the focus by itself. */
const TAKES = 'a[href], button, input, select, textarea, summary, [tabindex]'
/** Parts of a page that a reader can be brought to. */
const PARTS = 'section, article, li, form, fieldset, dialog, main'

/** Longer than most answers take; who waits longer waits around what they pressed. */
const BUSY_MS = 1_500

const openers = new WeakMap<Element, Place>()
let last: Place = []
/** It was not left: it was taken away. */
let isTaken = false
let timer: ReturnType<typeof setTimeout> | undefined

function placeOf(element: Element | null): Place {
  const chain: Element[] = []
  for (let at = element; at !== null && at !== document.body; at = at.parentElement) {
    chain.push(at, ...(openers.get(at) ?? []))
  }
  return chain
}

/** A part of the page that was opened from where the reader is: when it is gone they are back there. */
export function openedHere(part: Element): void {
  openers.set(part, placeOf(document.activeElement))
}

/** To what was left; where that is gone, to the nearest part of the page around it that is still there. */
function goBack(): void {
  for (const each of [...last, document.querySelector('main')]) {
    if (each instanceof HTMLElement && each.checkVisibility() && focus(each)) return
  }
}

function focus(element: HTMLElement): boolean {
  const takes = element.matches(TAKES)
  if (!takes && !element.matches(PARTS)) return false
  if (!takes) {
    element.tabIndex = -1
    element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true })
  }
  element.focus({ preventScroll: !takes })
  return document.activeElement === element
}

/** Whoever leaves by themselves is not brought back. */
function leave(event: Event): void {
  const on = document.activeElement
  // Out of an open question Tab goes no further than around it, by way of the browser's own bars.
  const isLeft =
    event instanceof KeyboardEvent
      ? event.key === 'Tab' && !on?.closest('dialog:modal')
      : !on?.contains(event.target as Node)
  if (isLeft) last = []
}

function look(records: readonly MutationRecord[]): void {
  const [left] = last
  if (left === undefined) return
  const isBusy = left.isConnected && left.matches(':disabled')
  isTaken ||=
    isBusy || !left.isConnected || records.some((each) => [...each.removedNodes].some((gone) => gone.contains(left)))
  // What is only busy comes back by itself, as a rule.
  clearTimeout(timer)
  if (isBusy) timer = setTimeout(settle, BUSY_MS)
  else settle()
}

function settle(): void {
  if (isTaken && document.activeElement === document.body && document.hasFocus()) goBack()
}

/** From now on the focus is never lost: a button that is gone, a row that moved, a question that is answered. */
export function keepFocus(): void {
  document.addEventListener('focusin', (event) => {
    const on = event.target as Element
    const dialog = on.closest('dialog')
    if (dialog !== null && !openers.has(dialog)) openers.set(dialog, last)
    last = placeOf(on)
    isTaken = false
  })
  document.addEventListener('pointerdown', leave, true)
  document.addEventListener('keydown', leave, true)
  const watch = { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled', 'open'] }
  new MutationObserver(look).observe(document.body, watch)
}
