// Is somebody told that the server had no time? Not while asking again helps: a few times, when it says, and only what
// has no effect, has it once by its key, or had none.

/** So often beside the first time, and not once this long has passed: the answer of a busy server takes seconds. */
const MORE_TIMES = 3
const PATIENCE_MS = 10_000

const SAFE = ['GET', 'HEAD']

/** Longer than so many seconds nobody waits without a word. */
const LONGEST_S = 3

const pause = (seconds: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

/** Send a request until it was answered, or for as long as somebody may wait without a word. */
export async function insist(
  request: Request,
  send: (request: Request) => Promise<Response>,
  wait = pause,
): Promise<Response> {
  const untilMs = Date.now() + PATIENCE_MS
  // What is sent can be taken out of a request once.
  const body = SAFE.includes(request.method) || request.body === null ? undefined : await request.arrayBuffer()
  const asked = () => (body === undefined ? request : new Request(request, { body }))
  for (let left = MORE_TIMES; left > 0; left--) {
    const answer = await send(asked())
    if (!(await isWorthwhile(request, answer)) || Date.now() > untilMs) return answer
    await wait(Number(answer.headers.get('Retry-After')))
  }
  return send(asked())
}

/** Whether the same request may be sent again, and may then be answered otherwise. */
async function isWorthwhile(request: Request, answer: Response): Promise<boolean> {
  // With a pause of its own the server answers 409 alone to what it is working on.
  if (!(answer.status === 503 || answer.status === 409)) return false
  const waitS = Number(answer.headers.get('Retry-After') ?? Number.NaN)
  if (!(waitS <= LONGEST_S)) return false
  if (SAFE.includes(request.method) || request.headers.has('Idempotency-Key')) return true
  const said: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined)
  return (said as { outcome_unknown?: unknown } | undefined)?.outcome_unknown === false
}
