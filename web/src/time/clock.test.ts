import { describe, expect, it } from 'vitest'
import { ServerClock } from './clock'

const at = (seconds: number) => new Date(seconds * 1000).toUTCString()

describe('the server clock', () => {
  it('is our own before anything was heard', () => {
    expect(new ServerClock().offset).toBe(0)
  })

  it('is what was learned before, until something is heard', () => {
    const clock = new ServerClock()
    clock.remember(-2_820_000)
    expect(clock.offset).toBe(-2_820_000)
    clock.learn(at(1060), 1_000_350, 1_000_450)
    expect(Math.abs(clock.offset - 60_000)).toBeLessThanOrEqual(550)
  })

  it('is within half a second and half the way after one answer', () => {
    const clock = new ServerClock()
    // The server is 60 s ahead: it is 1060.4 there when it is 1000.4 here.
    clock.learn(at(1060), 1_000_350, 1_000_450)
    expect(Math.abs(clock.offset - 60_000)).toBeLessThanOrEqual(550)
  })

  it('comes closer with each answer', () => {
    const clock = new ServerClock()
    for (let ms = 1_000_000; ms < 1_003_000; ms += 130) {
      clock.learn(at(Math.floor((ms + 60_000) / 1000)), ms - 20, ms + 20)
    }
    expect(Math.abs(clock.offset - 60_000)).toBeLessThanOrEqual(60)
  })

  it('believes the newest answer when a clock was set', () => {
    const clock = new ServerClock()
    clock.learn(at(1060), 1_000_350, 1_000_450)
    clock.learn(at(5000), 1_001_350, 1_001_450)
    expect(Math.abs(clock.offset - (5_000_000 - 1_001_400))).toBeLessThanOrEqual(600)
  })

  it('passes over what is no date', () => {
    const clock = new ServerClock()
    clock.learn('soon', 0, 1)
    clock.learn(null, 0, 1)
    expect(clock.offset).toBe(0)
  })
})
