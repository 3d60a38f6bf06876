import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { boxOf, place, project, UNITED_STATES, zoomed } from './projecting'
import { tilesOf } from './tiles'
import { outlines, type Topology } from './topology'

const states = outlines(JSON.parse(readFileSync('node_modules/us-atlas/states-10m.json', 'utf8')) as Topology)

describe('the base map', () => {
  it('has every state, with closed outlines where it lies', () => {
    const texas = states.find((each) => each.name === 'Texas')
    expect(states.length).toBeGreaterThanOrEqual(51)
    for (const state of states) for (const ring of state.rings) expect(ring.at(0)).toEqual(ring.at(-1))
    const lngs = (texas?.rings ?? []).flat().map(([lng]) => lng)
    expect(Math.min(...lngs)).toBeCloseTo(-106.6, 0)
    expect(Math.max(...lngs)).toBeCloseTo(-93.5, 0)
  })

  it('finds the place of a click again', () => {
    const [x, y] = project(-103.66, 30.36)
    expect(place(x, y).lat).toBeCloseTo(30.36, 6)
    expect(place(x, y).lng).toBeCloseTo(-103.66, 6)
  })

  it('lays streets beneath that cover the view and no more', () => {
    const tiles = tilesOf(UNITED_STATES, 'https://tiles.example/{z}/{x}/{y}.png', 800)
    const covered = tiles.reduce((sum, tile) => sum + tile.size ** 2, 0)
    expect(covered).toBeGreaterThan(UNITED_STATES.width * UNITED_STATES.height)
    expect(tiles.length).toBeLessThan(40)
    expect(tiles[0]?.href).toMatch(/^https:\/\/tiles\.example\/4\/\d+\/\d+\.png$/)
  })

  it('keeps the point under the pointer when it comes nearer', () => {
    const [x, y] = project(-103.66, 30.36)
    const near = zoomed(UNITED_STATES, 0.5, x, y)
    const share = (view: typeof near) => (x - view.x) / view.width
    expect(share(near)).toBeCloseTo(share(UNITED_STATES), 9)
    expect(boxOf(UNITED_STATES)).toBe('-125.000,24.000,-66.000,50.000')
  })
})
