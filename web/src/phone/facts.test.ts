import { describe, expect, it } from 'vitest'
import { factsOf, fieldsOf, wholeSum } from './facts'

describe('what a proof says', () => {
  it('is sums, a name and a currency of an insurance, and nothing that was typed for another kind', () => {
    const typed = {
      named_insured: ' Ray Diaz ',
      per_occurrence: '1,000,000',
      aggregate: '$ 2000000',
      currency: 'USD',
      states: 'TX',
    }
    expect(factsOf('insurance', typed)).toEqual({
      named_insured: 'Ray Diaz',
      per_occurrence: '1000000',
      aggregate: '2000000',
      currency: 'USD',
    })
    expect(factsOf('drug_screen', typed)).toEqual({})
  })

  it('is the states of a licence, each once, however they are set apart', () => {
    expect(factsOf('licence', { states: 'tx, NM tx', issued_on: '' })).toEqual({ states: ['TX', 'NM'] })
  })

  it('needs what the rules cannot do without', () => {
    const needed = (family: string) =>
      fieldsOf(family)
        .filter((each) => each.isNeeded)
        .map((each) => each.name)
    expect(needed('clearance')).toEqual(['evidence'])
    expect(needed('certificate')).toEqual([])
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
