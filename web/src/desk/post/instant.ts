// Which moment is it when the clocks of a place show this? What is typed is always the site's own time.

const formats = new Map<string, Intl.DateTimeFormat>()

function shown(at: number, zone: string): string {
  let format = formats.get(zone)
  if (format === undefined) {
    const two = '2-digit'
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      hourCycle: 'h23',
    })
    formats.set(zone, format)
  }
  return format.format(at).replace(', ', 'T')
}

/** The day and the clock of a place at a moment: `2027-03-01T09:00`. */
export const localOf = (iso: string | number, zone: string): string =>
  shown(typeof iso === 'number' ? iso : Date.parse(iso), zone)

/** The first moment at which the clocks show it; nothing where they skip it, or while the year is not whole. */
export function instantOf(day: string, clock: string, zone: string): string | undefined {
  const wanted = `${day}T${clock}`
  const naive = Date.parse(`${wanted}:00Z`)
  // Whoever types 2027 has typed the years 2, 20 and 202 before.
  if (Number.isNaN(naive) || naive < 0) return undefined
  const offsets = new Set([-86_400_000, 86_400_000].map((away) => offsetAt(naive + away, zone)))
  const found = [...offsets].map((offset) => naive - offset).filter((at) => shown(at, zone) === wanted)
  return found.length === 0 ? undefined : new Date(Math.min(...found)).toISOString()
}

function offsetAt(at: number, zone: string): number {
  const minute = Math.floor(at / 60_000) * 60_000
  return Date.parse(`${shown(minute, zone)}:00Z`) - minute
}
