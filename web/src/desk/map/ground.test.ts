import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { areaOf, type Name, placed, scaleOf, touches } from './ground'
import { around, metresPerUnit, place, shownIn, UNITED_STATES, unitOf } from './projecting'
import { outlines, type Topology } from './topology'

const read = (name: string) => JSON.parse(readFileSync(`node_modules/us-atlas/${name}-10m.json`, 'utf8')) as Topology
const ALPINE = { lat: 30.3585, lng: -103.661 }

describe('what says where one is', () => {
  it('shows a single place with some of the country around it, and many with room', () => {
    const near = around([ALPINE, ALPINE])
    const km = (near.width * metresPerUnit(near)) / 1000
    expect(km).toBeGreaterThan(99)
    expect(km).toBeLessThan(110)
    const far = around([ALPINE, { lat: 41.88, lng: -87.63 }])
    expect(far.width).toBeGreaterThan((16 / 360) * 1000)
    expect(around([])).toEqual(UNITED_STATES)
  })

  it('names a state and a county within themselves', () => {
    const middle = (name: string, all: ReturnType<typeof outlines>) => {
      const area = areaOf(all.find((each) => each.name === name) as (typeof all)[0])
      return place(area.x, area.y)
    }
    const texas = middle('Texas', outlines(read('states')))
    expect(Math.hypot(texas.lat - 31.4, texas.lng + 99.3)).toBeLessThan(0.5)
    const brewster = middle('Brewster', outlines(read('counties'), 'counties'))
    expect(brewster.lat).toBeCloseTo(29.8, 0)
    expect(brewster.lng).toBeCloseTo(-103.3, 0)
    const counties = outlines(read('counties'), 'counties').map(areaOf)
    const near = counties.filter((each) => touches(each.box, around([ALPINE])))
    expect(near.map((each) => each.name)).toContain('Jeff Davis')
    expect(near.length).toBeLessThan(12)
  })

  it('has a scale of a round length in the unit of the reader that is no longer than its room', () => {
    const miles = scaleOf(100, 110, 'en-US')
    expect([miles.words, miles.metres]).toEqual(['5 mi', 5 * 1609.344])
    expect(scaleOf(100, 110, 'es-MX').words).toBe('10 km')
    for (const metresPerPixel of [3, 47, 999, 5200]) {
      const { pixels } = scaleOf(metresPerPixel, 110, 'en-US')
      expect(pixels).toBeLessThanOrEqual(110)
      expect(pixels).toBeGreaterThan(110 / 2.6)
    }
  })

  it('lays no name over another, the first named first, and none where nobody looks', () => {
    const at = (words: string, x: number, y: number): Name => ({ key: words, words, x, y, kind: 'state' })
    const seen = { x: 0, y: 0, width: 100, height: 60 }
    const names = [at('Texas', 50, 30), at('Alpine', 51, 30.5), at('Marfa', 10, 10), at('Paris', 200, 30)]
    expect(placed(names, seen, 0.1).map((each) => each.words)).toEqual(['Texas', 'Marfa'])
    expect(placed(names, seen, 0.001).map((each) => each.words)).toEqual(['Texas', 'Alpine', 'Marfa'])
  })

  it('knows what a picture of another shape shows around a view', () => {
    const view = { x: 0, y: 0, width: 100, height: 50 }
    expect(shownIn(view, 400, 400)).toEqual({ x: 0, y: -25, width: 100, height: 100 })
    expect(unitOf(view, 400, 400)).toBe(0.25)
  })
})
