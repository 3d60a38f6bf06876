// What does a proof say, by its kind's own description? As it is typed, as it is sent, and as it was said.
import type { Schemas } from '../../server/api'
import type { Problem } from '../../server/problems'
import { plainNumber } from '../dispute/standpoint'

export type Fact = Schemas['FactOut']
export type Typed = Record<string, string>

export const CURRENCIES = ['USD', 'CAD', 'MXN', 'EUR']

/** What only a reviewer can say are the codes of what was searched for: whoever hands it in is asked for nothing then. */
export const askedOfHolders = (facts: readonly Fact[] | undefined): readonly Fact[] =>
  facts === undefined || facts.some((each) => each.shape === 'codes') ? [] : facts

/** A sum as people write it, with or without its thousands apart, as the API reads it. */
export function wholeSum(typed: string): string {
  const digits = typed.replace(/[\s$]/g, '')
  return /^[0-9]{1,3}([.,][0-9]{3})+$/.test(digits) ? digits.replace(/[.,]/g, '') : plainNumber(digits)
}

function read({ shape }: Fact, text: string): unknown {
  if (shape === 'sum') return wholeSum(text)
  if (shape === 'states')
    return [
      ...new Set(
        text
          .toUpperCase()
          .split(/[\s,;]+/)
          .filter(Boolean),
      ),
    ]
  if (shape === 'codes')
    return [
      ...new Set(
        text
          .toLowerCase()
          .split(/[\s,;]+/)
          .filter(Boolean),
      ),
    ]
  return shape === 'number' ? Number(text) : text
}

export function factsOf(facts: readonly Fact[], typed: Typed): Record<string, unknown> {
  const said = facts.filter(({ name }) => typed[name]?.trim())
  return Object.fromEntries(said.map((fact) => [fact.name, read(fact, (typed[fact.name] ?? '').trim())]))
}

/** What was said, as one would type it. */
export const typedOf = (said: Record<string, unknown> | null): Typed =>
  Object.fromEntries(Object.entries(said ?? {}).map(([name, value]) => [name, [value].flat().join(' ')]))

/** What a reviewer read: everything typed, and null for what was handed in and does not stand there. */
export function readingOf(facts: readonly Fact[], typed: Typed, said: Record<string, unknown> | null) {
  const gone = facts.filter(({ name }) => said?.[name] !== undefined && !typed[name]?.trim())
  return { ...factsOf(facts, typed), ...Object.fromEntries(gone.map(({ name }) => [name, null])) }
}

/** The fields that the server refused, each once. */
export function refused(problem: Problem | undefined): ReadonlySet<string> {
  const fields = (problem?.errors ?? []).map(
    (each) => each.path.split('/')[each.path.startsWith('/facts/') ? 2 : 1] ?? '',
  )
  return new Set([...fields, ...(problem?.rules ?? [])])
}
