import { describe, expect, it } from 'vitest'
import { askedOfHolders, type Fact, factsOf, readingOf, refused, typedOf, wholeSum } from './facts'

const fact = (name: string, shape: Fact['shape'], is_needed = true): Fact => ({ name, shape, is_needed, choices: [] })
const KINDS = {
  insurance: [
    fact('named_insured', 'words'),
    fact('per_occurrence', 'sum'),
    fact('aggregate', 'sum'),
    fact('currency', 'currency'),
  ],
  licence: [fact('states', 'states'), fact('issued_on', 'day', false)],
  drug_screen: [fact('scope', 'codes'), fact('issued_on', 'day')],
}

describe('what a proof says', () => {
  it('is sums, a name and a currency of an insurance, and nothing that was typed for another kind', () => {
    const typed = {
      named_insured: ' Ray Diaz ',
      per_occurrence: '1,000,000',
      aggregate: '$ 2000000',
      currency: 'USD',
      states: 'TX',
    }
    expect(factsOf(KINDS.insurance, typed)).toEqual({
      named_insured: 'Ray Diaz',
      per_occurrence: '1000000',
      aggregate: '2000000',
      currency: 'USD',
    })
    expect(factsOf([], typed)).toEqual({})
  })

  it('is the states of a licence, each once, however they are set apart', () => {
    expect(factsOf(KINDS.licence, { states: 'tx, NM tx', issued_on: '' })).toEqual({ states: ['TX', 'NM'] })
  })

  it('is asked of its holder unless only a reviewer can say it', () => {
    expect(askedOfHolders(KINDS.licence)).toHaveLength(2)
    expect(askedOfHolders(KINDS.drug_screen)).toEqual([])
    expect(askedOfHolders(undefined)).toEqual([])
  })

  it('is for its reviewer what was handed in, what they read, and null for what does not stand there', () => {
    const said = { states: ['TX', 'NM'], issued_on: '2026-01-01' }
    expect(typedOf(said)).toEqual({ states: 'TX NM', issued_on: '2026-01-01' })
    expect(readingOf(KINDS.licence, { states: 'tx', issued_on: ' ' }, said)).toEqual({
      states: ['TX'],
      issued_on: null,
    })
    expect(readingOf(KINDS.drug_screen, { scope: 'Panel_5, panel_9' }, {})).toEqual({ scope: ['panel_5', 'panel_9'] })
  })

  it('is refused at its own field, by the form or by a rule', () => {
    const error = { path: '/facts/aggregate', message: '', way_out: '' }
    const bad = { status: 422, code: 'bad_input', detail: '', errors: [error, { ...error, path: '/valid_until' }] }
    expect([...refused(bad)]).toEqual(['aggregate', 'valid_until'])
    expect([...refused({ status: 409, code: 'refused', detail: '', rules: ['named_insured'] })]).toEqual([
      'named_insured',
    ])
    expect([...refused(undefined)]).toEqual([])
  })

  it('reads a sum as it is written here or there', () => {
    expect([wholeSum('1.000.000'), wholeSum('1 000 000'), wholeSum('999.50'), wholeSum('12,5')]).toEqual([
      '1000000',
      '1000000',
      '999.50',
      '12.5',
    ])
  })
})
