// What does a proof say, by the family of its kind? As it is typed, and as it is sent.
import { plainNumber } from '../ui/dispute/standpoint'

export type Typed = Record<string, string>
export type Field = { name: string; as: 'text' | 'sum' | 'date' | 'currency' | 'states' | 'choice'; isNeeded: boolean }

const issued: Field = { name: 'issued_on', as: 'date', isNeeded: false }

/** What is asked of each family; of the others nothing beside the days. */
const FIELDS: Record<string, readonly Field[]> = {
  insurance: [
    { name: 'named_insured', as: 'text', isNeeded: true },
    { name: 'per_occurrence', as: 'sum', isNeeded: true },
    { name: 'aggregate', as: 'sum', isNeeded: true },
    { name: 'currency', as: 'currency', isNeeded: true },
  ],
  licence: [{ name: 'states', as: 'states', isNeeded: true }, issued],
  certificate: [issued],
  data_access: [issued],
  clearance: [{ name: 'evidence', as: 'choice', isNeeded: true }],
  tax_form: [
    { name: 'form', as: 'choice', isNeeded: true },
    { name: 'signed_on', as: 'date', isNeeded: true },
  ],
}

export const CHOICES: Record<string, readonly string[]> = {
  evidence: ['citizen', 'permanent_resident', 'protected_individual'],
  form: ['W-9', 'W-8BEN', 'W-8BEN-E'],
}

export const fieldsOf = (family: string | undefined): readonly Field[] => FIELDS[family ?? ''] ?? []

/** A sum as people write it, with or without its thousands apart, as the API reads it. */
export function wholeSum(typed: string): string {
  const digits = typed.replace(/[\s$]/g, '')
  return /^[0-9]{1,3}([.,][0-9]{3})+$/.test(digits) ? digits.replace(/[.,]/g, '') : plainNumber(digits)
}

export function factsOf(family: string | undefined, typed: Typed): Record<string, unknown> {
  const said = fieldsOf(family).filter(({ name }) => typed[name]?.trim())
  return Object.fromEntries(
    said.map(({ name, as }) => {
      const text = (typed[name] ?? '').trim()
      if (as === 'sum') return [name, wholeSum(text)]
      if (as === 'states') return [name, [...new Set(text.toUpperCase().match(/[A-Z]{2}/g) ?? [])]]
      return [name, text]
    }),
  )
}
