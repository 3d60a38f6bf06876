import { operator as en } from './en/operator'
import { catalogue } from './speech.svelte'

export const o = catalogue(en, { es: () => import('./es/operator').then((each) => each.operator) })
