// Is a list read to its end, and told as failed where a page of it is missing?
import { expect, it } from 'vitest'
import { everything } from './everything'

const UNREACHABLE = { status: 0, code: 'unreachable', detail: '' }
const PAGES: Record<string, { items: number[]; next: string | null }> = {
  '': { items: [1, 2], next: 'b' },
  b: { items: [3], next: 'c' },
  c: { items: [], next: null },
}

it('reads page after page', async () => {
  const found = await everything(async ({ cursor = '' }) => ({ ok: true, data: PAGES[cursor] as never, etag: null }))
  expect(found).toEqual({ ok: true, data: [1, 2, 3], etag: null })
})

it('tells no part as the whole', async () => {
  const found = await everything<number>(async ({ cursor }) =>
    cursor === 'b' ? { ok: false, problem: UNREACHABLE } : { ok: true, data: { items: [1], next: 'b' }, etag: null },
  )
  expect(found).toEqual({ ok: false, problem: UNREACHABLE })
})

it('ends, whatever a server says', async () => {
  const found = await everything(async () => ({ ok: true, data: { items: [1], next: 'again' }, etag: null }))
  expect(found.ok && found.data.length).toBe(25)
})
