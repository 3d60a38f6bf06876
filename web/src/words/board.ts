import { board as en } from './en/board'
import { catalogue } from './speech.svelte'

export const t = catalogue(en, { es: () => import('./es/board').then((each) => each.board) })
