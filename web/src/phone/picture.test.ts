import { describe, expect, it } from 'vitest'
import { draw, fitted, MOST_BYTES } from './picture'

describe('a photo', () => {
  it('keeps its shape and is never made larger', () => {
    expect(fitted(4000, 3000)).toEqual({ width: 2000, height: 1500 })
    expect(fitted(3000, 4000)).toEqual({ width: 1500, height: 2000 })
    expect(fitted(640, 480)).toEqual({ width: 640, height: 480 })
    expect(fitted(30_000, 3)).toEqual({ width: 2000, height: 1 })
  })

  it('is refused unread when it is larger than the server takes', async () => {
    expect(await draw({ size: MOST_BYTES + 1 } as Blob)).toEqual({ ok: false, why: 'tooLarge' })
  })
})
