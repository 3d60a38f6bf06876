import { mornings as en } from './en/mornings'
import { catalogue } from './speech.svelte'

export const m = catalogue(en, { es: () => import('./es/mornings').then((each) => each.mornings) })
