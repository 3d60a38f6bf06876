// What waits to be sent, and what became of it? An answer is kept before it is sent, and sent until it is answered.
import { OWN } from '../server/api'
import { net } from '../server/net.svelte'
import { fileProblemOf, isPassing, type Problem, UNREACHABLE } from '../server/problems'
import { session } from '../server/session.svelte'
import { enclose } from './enclosing'
import { outcomeOf, type Sent } from './outcomes'
import { inOrder } from './sending'
import { type Enclosed, type Entry, type EntryKind, store } from './store'

/** Seconds after which something that could not be sent is tried again. */
const AGAIN_MS = 10_000

/** A photo on a slow line takes its time. */
const FILE_PATIENCE_MS = 120_000

/** Whose outcome is news even to who waits for it. */
const BINDING: readonly EntryKind[] = ['accept', 'request']

/** Changes what can be said next: it stands as said until the pages have read it, so that no button comes back. */
const LASTING: readonly EntryKind[] = [
  ...BINDING,
  'decline',
  'counter',
  'confirm',
  'leave',
  'check-in',
  'check-out',
  'finish',
  'hand-in',
  'switch',
  'rate',
  'message',
  'incident',
  'ask',
  'need-not',
  'receive',
  'lose',
  'propose',
  'agree',
  'refuse',
  'take-back',
  'extra',
  'contest',
  'dispute',
  'state',
  'concede',
  'appeal',
  'answer-notice',
  'review',
  'prove',
  'page',
  'submit',
]

/** A proof is not handed in without a page that somebody photographed for it. */
const PAGE_NOT_TAKEN: Problem = { status: 0, code: 'page_not_taken', detail: '' }

/** Longer nobody waits for the pages to hear what became of what they said. */
const READ_MS = 3_000

export type Wish = {
  kind: EntryKind
  about: string
  after?: string | undefined
  title: string
  path: string
  body: unknown
  files?: readonly Enclosed[]
  bytes?: Blob
}

/** Told of a no; whether they tell it on, so that it is no news any more. */
type Hearer = (problem: Problem) => boolean

class Outbox {
  entries = $state.raw<readonly Entry[]>([])
  /** What was said last could not be kept: the phone has no room. */
  isFull = $state(false)
  #told = new Set<(entry: Entry) => unknown>()
  #hearers = new Map<string, Hearer>()
  /** Answered, but not yet read anew by the pages. */
  #unread = new Map<string, Entry>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    net.onBack(() => void this.send())
  }

  get waiting(): readonly Entry[] {
    return this.entries.filter((each) => each.state === 'waiting')
  }

  /** Answered while nobody was looking: kept until it was seen. */
  get news(): readonly Entry[] {
    return this.entries.filter((each) => each.state !== 'waiting')
  }

  about(id: string): Entry | undefined {
    return this.entries.findLast((each) => each.about === id)
  }

  /** Have something done, and waited for, whenever an entry was answered. */
  onAnswer(work: (entry: Entry) => unknown): () => void {
    this.#told.add(work)
    return () => this.#told.delete(work)
  }

  async open(): Promise<void> {
    this.#unread.clear()
    this.entries = await store.entries()
    await this.send()
  }

  /** Keep what was said, then send it. */
  async say(wish: Wish, hearer?: Hearer): Promise<void> {
    // Said without a network, though the first try be made after its return.
    const wasOffline = !net.isReached && BINDING.includes(wish.kind)
    // Later than what was said before, though somebody set the clock back meanwhile: it is sent in this order.
    const madeAt = Math.max(Date.now(), ...this.entries.map((each) => each.madeAt + 1))
    const entry: Entry = { ...wish, id: crypto.randomUUID(), madeAt, state: 'waiting', wasOffline }
    this.isFull = false
    if (hearer) this.#hearers.set(entry.id, hearer)
    await store.put(entry).catch((error: unknown) => {
      this.#hearers.delete(entry.id)
      // A form that hears it says so itself.
      this.isFull = hearer === undefined
      throw error
    })
    this.entries = [...this.entries, entry]
    await this.send()
  }

  /** What waits for a proof that is being mended says what the proof says. */
  async reword(about: string, kind: EntryKind, body: unknown): Promise<void> {
    const said = this.waiting.filter((each) => each.after === about && each.kind === kind)
    for (const each of said) await this.#replace({ ...each, body })
  }

  /** Think no more of a proof that was begun here, nor of what was photographed for it. */
  async abandon(about: string): Promise<void> {
    for (const each of this.entries.filter((entry) => entry.about === about)) await this.drop(each.id)
  }

  /** It was seen. */
  async drop(id: string): Promise<void> {
    await store.drop(id)
    this.entries = this.entries.filter((each) => each.id !== id)
  }

  /** Send what waits, oldest first save that no photo holds up an answer; one window of the browser at a time does. */
  async send(): Promise<void> {
    await navigator.locks.request('truckroll-outbox', async () => {
      const kept = await store.entries()
      this.entries = [...this.#unread.values(), ...kept.filter((each) => !this.#unread.has(each.id))]
      for (const entry of this.waiting) await this.#name(entry)
      const ready = this.waiting.filter((each) => !this.#unread.has(each.id) && each.after === undefined)
      for (const entry of inOrder(ready)) {
        // What was refused with another is not sent.
        if (!this.waiting.some((each) => each.id === entry.id)) continue
        if (!(session.isIn && (await this.#sendOne(entry)))) return
      }
    })
  }

  /** Say the server's name of a proof where the phone said its own, once there is one. */
  async #name(entry: Entry): Promise<void> {
    const made = entry.after && (await store.made(entry.after))
    if (!made) return
    const path = entry.path.replace(entry.about, made)
    await this.#replace({ ...entry, path, about: made, after: undefined })
  }

  /** Whether the next one may be sent: not after one that nobody answered, so that the order stays. */
  async #sendOne(entry: Entry): Promise<boolean> {
    const sent = await this.#post(entry)
    // First of all: whatever happens next, what belongs to the proof finds it.
    if (sent.ok && sent.id && entry.kind === 'prove') await store.keepMade(entry.about, sent.id, entry.madeAt)
    if (sent.ok || !(isPassing(sent.problem) || sent.problem.code === 'unauthenticated')) {
      await this.#end(entry, sent)
      await this.#goOn(entry, sent)
      return true
    }
    if (sent.problem.code === 'unauthenticated') session.end()
    else await this.#later(entry)
    return false
  }

  async #post(entry: Entry): Promise<Sent> {
    if (entry.bytes) return post(entry, entry.bytes)
    const files = [...(entry.files ?? [])]
    for (const [num, file] of files.entries()) {
      if (file.id !== undefined) continue
      const sent = await upload(entry, file, num)
      if (!sent.ok) return sent
      // What the server has is not sent again, whatever becomes of the rest.
      files[num] = { kind: file.kind, id: sent.id, ...(file.of && { of: file.of }) }
      entry.files = [...files]
      await this.#replace(entry)
    }
    return post(
      entry,
      JSON.stringify(
        enclose(
          entry.body,
          files.flatMap((each) => each.id ?? []),
        ),
      ),
    )
  }

  async #later(entry: Entry): Promise<void> {
    if (!entry.wasOffline) await this.#replace({ ...entry, wasOffline: true })
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.send(), AGAIN_MS)
  }

  async #end(entry: Entry, sent: Sent): Promise<void> {
    const ended: Entry = sent.ok
      ? { ...entry, ...sentOf(sent), state: 'done', endedAt: Date.now(), bytes: undefined }
      : { ...entry, state: 'refused', problem: sent.problem, endedAt: Date.now() }
    const isHeard = !sent.ok && this.#hearers.get(entry.id)?.(sent.problem) === true
    this.#hearers.delete(entry.id)
    // What they see done before their eyes is no news.
    const isNews = sent.ok ? entry.wasOffline || BINDING.includes(entry.kind) : !isHeard
    await (isNews ? store.put(ended) : store.drop(entry.id))
    const isLasting = sent.ok && LASTING.includes(entry.kind)
    const said = { ...entry, endedAt: Date.now(), ...(sent.ok && sent.id && { became: sent.id }) }
    if (isLasting) this.#unread.set(entry.id, said)
    this.#show(isLasting ? said : ended, isLasting || isNews)
    const read = Promise.allSettled([...this.#told].map((work) => work(ended)))
    if (!isLasting) return
    const late = new Promise((resolve) => setTimeout(resolve, READ_MS))
    void Promise.race([read, late]).then(() => this.#unread.delete(entry.id) && this.#show(ended, isNews))
  }

  /** What hangs on it goes next, or not at all. */
  async #goOn(entry: Entry, sent: Sent): Promise<void> {
    if (sent.ok && entry.kind === 'prove') void this.send()
    if (!sent.ok && entry.kind === 'page') await this.#holdBack(entry.about)
  }

  async #holdBack(about: string): Promise<void> {
    const said = this.waiting.filter((each) => each.about === about && each.kind === 'submit')
    for (const each of said) await this.#end(each, { ok: false, problem: PAGE_NOT_TAKEN })
  }

  #show(entry: Entry, isKept: boolean): void {
    const entries = isKept ? this.entries : this.entries.filter((each) => each.id !== entry.id)
    this.entries = entries.map((each) => (each.id === entry.id ? entry : each))
  }

  async #replace(entry: Entry): Promise<void> {
    await store.put(entry)
    this.#show(entry, true)
  }
}

const sentOf = ({ outcome, startAt }: Extract<Sent, { ok: true }>) => ({ outcome, ...(startAt && { startAt }) })

async function post(entry: Entry, said: string | Blob): Promise<Sent> {
  const isText = typeof said === 'string'
  const type = isText ? 'application/json' : 'application/octet-stream'
  const headers = { 'Content-Type': type, 'Idempotency-Key': entry.id, ...OWN }
  try {
    const body = isText ? said : await said.arrayBuffer()
    const asked = new Request(entry.path, { method: 'POST', headers, body })
    const answer = await (isText ? net.fetch(asked) : net.send(asked, FILE_PATIENCE_MS))
    return outcomeOf(entry, answer.status, await answer.json().catch(() => undefined))
  } catch {
    return { ok: false, problem: UNREACHABLE }
  }
}

type Kept = { ok: true; id: string } | Extract<Sent, { ok: false }>

async function upload(entry: Entry, file: Enclosed, num: number): Promise<Kept> {
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Idempotency-Key': num === 0 ? `${entry.id}-file` : `${entry.id}-file-${num}`,
    ...OWN,
  }
  const path = `/v1/files?kind=${file.kind}&${file.of ?? `visit_id=${entry.about}`}`
  try {
    const body = await file.blob?.arrayBuffer()
    const answer = await net.send(new Request(path, { method: 'POST', headers, body: body ?? null }), FILE_PATIENCE_MS)
    const said = (await answer.json().catch(() => undefined)) as { id?: string } | undefined
    if (answer.ok && said?.id !== undefined) return { ok: true, id: said.id }
    return { ok: false, problem: fileProblemOf(answer.status, said) }
  } catch {
    return { ok: false, problem: UNREACHABLE }
  }
}

export const outbox = new Outbox()
