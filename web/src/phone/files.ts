// Which documents are there without a network? Those of the visits to come, as long as they are no films.
import { net } from '../server/net.svelte'
import { clock } from '../time/clock'
import { store } from './store'

const MOST_BYTES = 5_000_000
const PATIENCE_MS = 60_000

type Known = { id: string; num_bytes: number }

const nameOf = (id: string) => `file ${id}`

/** Bring what is not here yet, one after the other; what does not come now comes when the day is read again. */
export async function keepFiles(files: readonly Known[]): Promise<void> {
  for (const { id, num_bytes } of files) {
    if (num_bytes > MOST_BYTES || (await store.read(nameOf(id))) !== undefined) continue
    const answer = await net.send(new Request(`/v1/files/${id}`), PATIENCE_MS).catch(() => undefined)
    if (answer?.ok) await store.keep(nameOf(id), await answer.blob(), clock.now()).catch(() => undefined)
  }
}

export async function keptFile(id: string): Promise<Blob | undefined> {
  return (await store.read(nameOf(id)))?.data as Blob | undefined
}
