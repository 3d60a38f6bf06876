// What are limits, skills and proofs called? The server names them in English; here they are known by their codes.
import { catalogue, learn, speech } from './speech.svelte'

const n = catalogue({
  en: () => import('./en/names').then((each) => each.names),
  es: () => import('./es/names').then((each) => each.names),
})

await learn()

type Limit = { title: string; version: number }

/** A limit by the pack that it comes from; a client's own by its hours and months. */
export function limitName(pack: string, { title, version }: Limit): string {
  const known = n().limits
  const own = /^([\d.]+) hours in (\d+) months$/.exec(title)
  if (own?.[1] && own[2] && known[pack] === undefined) return n().own(own[1], own[2])
  return known[`${pack}.${version}`] ?? known[pack] ?? title
}

/** The same, to whoever has worked up to it. */
export const myLimitName = (pack: string, limit: Limit): string => n().mine[pack] ?? limitName(pack, limit)

/** A skill or proof: as the operator named it to who reads English, else as we know its code. */
export function codeName(code: string, given?: string): string {
  const known = n().codes[code]
  return (speech.language === 'en' ? (given ?? known) : (known ?? given)) ?? code.replaceAll('_', ' ')
}

/** As the server calls what work that is paid by the device asks for by itself, where the checklist does not. */
const OF_DEVICES = 'Serial number of each device'

/** Something to hand in: as whoever wrote the checklist called it; in words of ours where nobody did. */
export const itemName = ({ code, label }: { readonly code: string; readonly label: string }): string =>
  label === OF_DEVICES && /^device_serial_*$/.test(code) ? codeName('device_serial', label) : label

/** What a pack of limits says, in the language that is spoken; in English where nobody wrote it in that one. */
export const guidanceOf = (pack: { guidance: string; guidance_es: string }): string =>
  (speech.language === 'es' && pack.guidance_es) || pack.guidance
