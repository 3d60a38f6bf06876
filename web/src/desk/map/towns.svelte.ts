// Which towns lie in what is seen? Asked a moment after the map came to rest; without an answer there are no names.
import { api, ask, type Schemas } from '../../server/api'
import { boxOf, type View } from './projecting'

export type Town = Schemas['TownOut']

const REST_MS = 200
const MOST = 60

export class Towns {
  all = $state.raw<readonly Town[]>([])
  #timer: ReturnType<typeof setTimeout> | undefined
  #box = ''

  want(view: View): void {
    const box = boxOf(view)
    if (box === this.#box) return
    this.#box = box
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#read(box), REST_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  async #read(bbox: string): Promise<void> {
    const found = await ask(api.GET('/v1/base-map/towns', { params: { query: { bbox, limit: MOST } } }))
    if (found.ok && bbox === this.#box) this.all = found.data.items
  }
}
