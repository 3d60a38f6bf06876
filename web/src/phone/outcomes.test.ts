import { describe, expect, it } from 'vitest'
import { outcomeOf } from './outcomes'

describe('what became of an answer', () => {
  it('is what the server says', () => {
    expect(outcomeOf({ kind: 'accept' }, 200, { outcome: 'noted' })).toEqual({ ok: true, outcome: 'noted' })
    expect(outcomeOf({ kind: 'request' }, 201, { answer: { outcome: 'assigned', start_at: 'T' } })).toEqual({
      ok: true,
      outcome: 'assigned',
      startAt: 'T',
    })
    expect(outcomeOf({ kind: 'leave' }, 200, { presence: 'on_the_way' })).toEqual({ ok: true, outcome: 'leave' })
    expect(outcomeOf({ kind: 'page' }, 201, { num: 2 })).toEqual({ ok: true, outcome: 'page', id: '2' })
  })

  it('is a win where an earlier try had won and its answer was lost', () => {
    expect(outcomeOf({ kind: 'accept' }, 409, { code: 'already_yours' })).toEqual({ ok: true, outcome: 'assigned' })
    expect(outcomeOf({ kind: 'decline' }, 409, { code: 'already_yours' })).toMatchObject({ ok: false })
  })

  it('is the reason where it came to nothing, also without a body', () => {
    expect(outcomeOf({ kind: 'accept' }, 409, { code: 'taken', detail: 'quicker' })).toMatchObject({
      ok: false,
      problem: { code: 'taken', status: 409 },
    })
    expect(outcomeOf({ kind: 'accept' }, 502, undefined)).toMatchObject({
      ok: false,
      problem: { code: 'fault', status: 502 },
    })
  })

  it('says of a page whose bytes are no good what a person can do, and of other faults what they are', () => {
    const bad = (path: string) => ({
      code: 'bad_input',
      detail: '',
      errors: [{ path, message: '', way_out: 'send it' }],
    })
    const codeOf = (kind: 'page' | 'prove', status: number, body: unknown) => {
      const sent = outcomeOf({ kind }, status, body)
      return sent.ok ? sent.outcome : `${sent.problem.code} ${sent.problem.errors?.length ?? 0}`
    }
    expect(codeOf('page', 422, bad('/'))).toBe('bad_file 0')
    expect(codeOf('page', 413, { code: 'too_large' })).toBe('bad_file 0')
    expect(codeOf('page', 422, bad('?num'))).toBe('bad_input 1')
    expect(codeOf('prove', 422, bad('/'))).toBe('bad_input 1')
  })
})
