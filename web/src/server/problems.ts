// What went wrong, as a value: the server's own Problem Details, or that it could not be reached.

export type Problem = {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly rules?: readonly string[]
  readonly errors?: readonly { readonly path: string; readonly message: string; readonly way_out: string }[]
}

export const UNREACHABLE: Problem = { status: 0, code: 'unreachable', detail: '' }

/** It could not even be kept. */
export const NO_ROOM: Problem = { status: 0, code: 'no_room', detail: '' }

/** Whatever the server said that was no success. */
export function problemOf(status: number, body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string') {
    return { detail: '', ...body, code: body.code, status }
  }
  return { status, code: status >= 500 ? 'fault' : 'refused', detail: '' }
}

/** What was said of a file that was sent: that something is wrong with its bytes is told in words of their own. */
export function fileProblemOf(status: number, body: unknown): Problem {
  const problem = problemOf(status, body)
  const isOfBytes = problem.code === 'bad_input' && problem.errors?.[0]?.path === '/'
  return isOfBytes || problem.code === 'too_large' ? { status, code: 'bad_file', detail: problem.detail } : problem
}

/** Whether asking again later may be answered otherwise. */
export function isPassing(problem: Problem): boolean {
  return problem.status === 0 || problem.status === 429 || problem.status >= 500 || problem.code === 'in_flight'
}
