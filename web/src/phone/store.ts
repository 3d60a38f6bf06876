// What does the phone remember? What was read last, what is not sent yet, and what waits to be sent; all of it dies when
// somebody signs out.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Problem } from '../server/problems'
import { forgetDrafts } from './draft.svelte'

/** Something the technician said, from the moment they said it until they have seen what became of it. */
export type Entry = {
  /** Also its Idempotency-Key: however often it is sent, it has one effect. */
  readonly id: string
  readonly madeAt: number
  readonly kind: EntryKind
  /** What it is about: an offer's, a visit's, an open job's, a payment's, a point's or a proof's id. */
  readonly about: string
  /** The proof whose making it waits for, by the name that the phone gave it; the server's takes its place. */
  readonly after?: string | undefined
  readonly title: string
  readonly path: string
  readonly body: unknown
  state: 'waiting' | 'done' | 'refused'
  /** Whether the first try found no network. */
  wasOffline: boolean
  outcome?: string
  /** The server's name for what came of it, while the pages have not read it. */
  became?: string
  /** When the work begins that a yes brought. */
  startAt?: string
  problem?: Problem
  endedAt?: number
  /** What has to be sent before it: photos, a signature, which the body then names. */
  files?: readonly Enclosed[]
  /** What goes as it stands, in the body's place; gone once the server has it. */
  readonly bytes?: Blob | undefined
}

export type Enclosed = {
  readonly kind: 'photo' | 'signature' | 'document'
  /** What it is about, where it is not a visit: `job_id=…`. */
  readonly of?: string
  /** Gone once the server has it. */
  blob?: Blob
  /** The server's name for it. */
  id?: string
}

export type EntryKind =
  | 'accept'
  | 'decline'
  | 'counter'
  | 'request'
  | 'confirm'
  | 'leave'
  | 'late'
  | 'check-in'
  | 'check-out'
  | 'finish'
  | 'hand-in'
  | 'ask'
  | 'need-not'
  | 'receive'
  | 'lose'
  | 'propose'
  | 'agree'
  | 'refuse'
  | 'take-back'
  | 'message'
  | 'rate'
  | 'incident'
  | 'switch'
  | 'hand-back'
  | 'extra'
  | 'contest'
  | 'dispute'
  | 'state'
  | 'concede'
  | 'appeal'
  | 'answer-notice'
  | 'review'
  | 'prove'
  | 'page'
  | 'submit'

export type Read = { data: unknown; readAt: number }

interface Phone extends DBSchema {
  reads: { key: string; value: Read }
  outbox: { key: string; value: Entry }
}

const OWNER = 'truckroll.owner'

/** What an older version of this page kept, which knew of one file. */
function today({ file, ...entry }: Entry & { file?: Enclosed }): Entry {
  return file === undefined ? entry : { ...entry, files: [file] }
}

let opened: Promise<IDBPDatabase<Phone>> | undefined

function database(): Promise<IDBPDatabase<Phone>> {
  opened ??= openDB<Phone>('truckroll-phone', 1, {
    upgrade(fresh) {
      fresh.createObjectStore('reads')
      fresh.createObjectStore('outbox', { keyPath: 'id' })
    },
  })
  return opened
}

export const store = {
  async read(name: string): Promise<Read | undefined> {
    return (await database()).get('reads', name)
  },
  async keep(name: string, data: unknown, readAt: number): Promise<void> {
    await (await database()).put('reads', { data, readAt }, name)
  },
  async lose(name: string): Promise<void> {
    await (await database()).delete('reads', name)
  },
  /** What the server calls a proof that was begun here, once it has it. */
  async made(name: string): Promise<string | undefined> {
    return (await this.read(`made ${name}`))?.data as string | undefined
  },
  keepMade(name: string, id: string, readAt: number): Promise<void> {
    return this.keep(`made ${name}`, id, readAt)
  },
  /** Forget what was read before a moment: days that are over, files of sites that nobody goes to. */
  async prune(before: number): Promise<void> {
    const reads = (await database()).transaction('reads', 'readwrite')
    for (let at = await reads.store.openCursor(); at !== null; at = await at.continue()) {
      if (at.value.readAt < before) await at.delete()
    }
    await reads.done
  },
  async entries(): Promise<Entry[]> {
    const found = await (await database()).getAll('outbox')
    return found.map(today).sort((one, other) => one.madeAt - other.madeAt)
  },
  async put(entry: Entry): Promise<void> {
    await (await database()).put('outbox', entry)
  },
  async drop(id: string): Promise<void> {
    await (await database()).delete('outbox', id)
  },
  /** Forget everything, unless it is this person's own. */
  async forget(owner: string): Promise<void> {
    if (owner !== '' && localStorage.getItem(OWNER) === owner) return
    localStorage.setItem(OWNER, owner)
    forgetDrafts()
    const all = (await database()).transaction(['reads', 'outbox'], 'readwrite')
    await Promise.all([all.objectStore('reads').clear(), all.objectStore('outbox').clear(), all.done])
  },
}
