import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Asking } from './asking'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what changes in quick succession is read once and together', async () => {
  const read: (readonly string[])[] = []
  const asking = new Asking(100, async (ids) => void read.push(ids))
  for (const id of ['a', 'b', 'a']) asking.add(id)
  await vi.advanceTimersByTimeAsync(99)
  expect(read).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(read).toEqual([['a', 'b']])
})

test('what changes while a read is under way is read afterwards, never at the same time', async () => {
  const read: (readonly string[])[] = []
  let end = () => {}
  const asking = new Asking(100, (ids) => {
    read.push(ids)
    return new Promise<void>((done) => {
      end = done
    })
  })
  asking.add('a')
  await vi.advanceTimersByTimeAsync(100)
  asking.add('b')
  await vi.advanceTimersByTimeAsync(500)
  expect(read).toEqual([['a']])
  end()
  await vi.advanceTimersByTimeAsync(200)
  expect(read).toEqual([['a'], ['b']])
})
