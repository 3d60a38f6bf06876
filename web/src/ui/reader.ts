// Who reads? Their region and the zone of their clock, as every time is said for them.
import { clock } from '../time/clock'
import { moment, type Reader, type Said, span } from '../time/format'
import { c } from '../words/common'
import { speech } from '../words/speech.svelte'

export const reader = (): Reader => ({
  locale: speech.locale,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  now: clock.now(),
})

/** A moment in one line, for buttons and sentences: `1:00 PM CST (2:00 PM here)`. Elsewhere `When` says the same. */
export function clockAt(iso: string, zone: string, withDay = false): string {
  return line(moment(iso, zone, reader(), withDay))
}

export const spanAt = (from: string, to: string, zone: string): string => line(span(from, to, zone, reader()))

const line = ({ there, zone, here }: Said): string => (zone ? `${there}\u00a0${zone} (${c().here(here)})` : there)
