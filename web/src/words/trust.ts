import { trust as en } from './en/trust'
import { catalogue } from './speech.svelte'

export const t = catalogue(en, { es: () => import('./es/trust').then((each) => each.trust) })
