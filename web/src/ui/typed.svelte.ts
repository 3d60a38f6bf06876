// What was typed and not sent? Kept in this tab until it is sent or thrown away: over a closed panel and a reload.
import { session, typedBy } from '../server/session.svelte'
import { differing } from './differing'

/** The fields of one form about one thing; made while its component begins. Nothing secret is typed into such a form. */
export class Typed<T extends object> {
  form = $state() as T
  /** Something is here from before. */
  isBack = $state(false)
  readonly #name: string
  #first = $state.raw() as T
  /** It is not as it was at first. */
  readonly isTyped: boolean = $derived.by(() => Object.keys(differing(this.form, this.#first)).length > 0)
  #isOver = false

  /** `given` is filled in over what it begins with, where nothing was typed before. */
  constructor(name: string, first: T, given: Partial<T> = {}) {
    this.#name = `${typedBy(session.me?.id)}${name}`
    this.#first = first
    const kept = sessionStorage.getItem(this.#name)
    const before = kept === null ? {} : (JSON.parse(kept) as Partial<T>)
    this.isBack = kept !== null
    this.form = structuredClone({ ...first, ...before, ...given })
    $effect(() => this.#keep())
  }

  #keep(): void {
    if (this.#isOver || !this.isTyped) sessionStorage.removeItem(this.#name)
    else sessionStorage.setItem(this.#name, JSON.stringify(differing(this.form, this.#first)))
  }

  /** What it began with is otherwise now: what was not typed in follows, what was typed stays. */
  follow = (first: T): void => {
    const typed = differing(this.form, this.#first)
    this.#first = first
    Object.assign(this.form, structuredClone({ ...first, ...($state.snapshot(typed) as Partial<T>) }))
    this.#keep()
  }

  /** It was sent: nothing is kept any more. */
  over = (): void => {
    this.#isOver = true
    sessionStorage.removeItem(this.#name)
  }

  /** As it was at first. */
  anew = (): void => {
    for (const name of Object.keys(this.form))
      if (!(name in this.#first)) delete (this.form as Record<string, unknown>)[name]
    Object.assign(this.form, structuredClone(this.#first))
    this.isBack = false
  }
}
