// When can work begin that has to fit into a window? Every half hour, the earliest first.

const STEP_MS = 30 * 60_000

export function starts(from: string, to: string, durationMin: number): string[] {
  const latest = Date.parse(to) - durationMin * 60_000
  const found: string[] = []
  for (let at = Date.parse(from); at <= latest; at += STEP_MS) found.push(new Date(at).toISOString())
  return found.length > 0 ? found : [new Date(from).toISOString()]
}
