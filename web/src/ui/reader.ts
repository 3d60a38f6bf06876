// Who reads? Their region and the zone of their clock, as every time is said for them.
import type { Reader } from '../time/format'
import { speech } from '../words/speech.svelte'

export const reader = (): Reader => ({
  locale: speech.locale,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
})
