import { describe, expect, it } from 'vitest'
import { inOrder } from './sending'
import type { Entry } from './store'

const entry = (id: string, about: string, hasFile = false) =>
  ({ id, about, ...(hasFile && { files: [{ kind: 'photo' }] }) }) as unknown as Entry

describe('what waits to be sent', () => {
  it('lets a yes pass a photo of other work, and keeps the order about one visit', () => {
    const waiting = [
      entry('check-in', 'visit'),
      entry('photo', 'visit', true),
      entry('check-out', 'visit'),
      entry('yes', 'offer'),
    ]
    expect(inOrder(waiting).map((each) => each.id)).toEqual(['yes', 'check-in', 'photo', 'check-out'])
  })

  it('holds nothing else up with what goes as it stands', () => {
    const page = { ...entry('page', 'proof'), bytes: new Blob(['a page']) }
    expect(inOrder([page, entry('yes', 'offer')]).map((each) => each.id)).toEqual(['yes', 'page'])
  })
})
