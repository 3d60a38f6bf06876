// What the pages of trust reckon by themselves.
import { describe, expect, it } from 'vitest'
import { areaIn, cornersOf, fromDraft, toDraft } from './asks'
import { spanOf } from './month'

describe('a month', () => {
  it('ends on its last day, leap years too', () => {
    expect(spanOf('2027-02')).toEqual({ from_day: '2027-02-01', to_day: '2027-02-28' })
    expect(spanOf('2028-02').to_day).toBe('2028-02-29')
    expect(spanOf('2027-12').to_day).toBe('2027-12-31')
  })
})

describe('a requirement set', () => {
  const near = [{ lat: 41.88, lng: -87.63, km: 80 }]
  const asks = {
    skills: { hvac: 3 },
    credentials: ['insurance'],
    agreements: [],
    min_reputation: 0.6,
    near,
    area: null,
  }

  it('comes back as it was read, with its places', () => {
    expect(fromDraft(toDraft(asks))).toEqual(asks)
  })

  it('asks for nothing where nothing was chosen', () => {
    const draft = { ...toDraft(null), skills: [{ code: '', level: 1 }] }
    expect(fromDraft(draft)).toEqual({
      skills: {},
      credentials: [],
      agreements: [],
      min_reputation: null,
      near: [],
      area: null,
    })
  })
})

describe('an area of a file', () => {
  const polygon = {
    type: 'Polygon',
    coordinates: [
      [
        [-103, 30],
        [-102, 30],
        [-102, 31],
        [-103, 30],
      ],
    ],
  }

  it('is found alone, in a feature and in a collection, and nothing else is', () => {
    const feature = { type: 'Feature', geometry: polygon, properties: {} }
    for (const found of [polygon, feature, { type: 'FeatureCollection', features: [feature] }]) {
      expect(areaIn(JSON.stringify(found))).toEqual(polygon)
    }
    expect(areaIn('{"type": "Point", "coordinates": [1, 2]}')).toBeUndefined()
    expect(areaIn('Texas')).toBeUndefined()
    expect(cornersOf(polygon)).toBe(4)
  })
})
