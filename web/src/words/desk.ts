import { desk as en } from './en/desk'
import { catalogue } from './speech.svelte'

export const t = catalogue(en, { es: () => import('./es/desk').then((each) => each.desk) })
