// Who is signed in here, and as what? Remembered, so that a phone without signal still knows whose it is.
import { api, ask, type Result, type Schemas } from './api'

export type Me = Schemas['MeOut']

const KEPT = 'truckroll.me'
const TYPED = 'truckroll.typed.'

/** Under which names this tab keeps what somebody typed and did not send. */
export const typedBy = (id: string | null | undefined): string => `${TYPED}${id ?? ''}.`

/** Whoever comes after somebody on the same device finds nothing that they typed; whoever comes back, their own. */
function leaveTypedTo(me: Me | undefined): void {
  const isOthers = (name: string) => name.startsWith(TYPED) && !(me && name.startsWith(typedBy(me.id)))
  for (const name of Object.keys(sessionStorage).filter(isOthers)) sessionStorage.removeItem(name)
}

function remembered(): Me | undefined {
  const kept = localStorage.getItem(KEPT)
  return kept === null ? undefined : (JSON.parse(kept) as Me)
}

class Session {
  me = $state.raw<Me | undefined>(remembered())
  /** Whether the server has said so since the page was opened. */
  isSure = $state(false)
  #changes = new Set<(me: Me | undefined) => void>()

  get isIn(): boolean {
    return this.me !== undefined
  }

  /** Have something done before anybody else's data can be shown, and when somebody signs out. */
  onChange(work: (me: Me | undefined) => void): void {
    this.#changes.add(work)
  }

  /** Ask the server; where it can't be reached, what we remember holds. */
  async look(): Promise<void> {
    const answer = await ask(api.GET('/v1/me'))
    if (answer.ok) this.begin(answer.data)
    else if (answer.problem.status === 401) this.end()
    this.isSure = answer.ok || answer.problem.status === 401
  }

  begin(me: Me): void {
    const isOther = this.me?.id !== me.id
    this.me = me
    this.isSure = true
    localStorage.setItem(KEPT, JSON.stringify(me))
    if (!isOther) return
    leaveTypedTo(me)
    for (const work of this.#changes) work(me)
  }

  /** It is over: what is kept stays for the same person, who has to sign in again. */
  end(): void {
    this.me = undefined
    localStorage.removeItem(KEPT)
  }

  async signOut(): Promise<Result<unknown>> {
    const answer = await ask(api.DELETE('/v1/sessions/current'))
    if (answer.ok || answer.problem.status === 401) {
      this.end()
      leaveTypedTo(undefined)
      for (const work of this.#changes) work(undefined)
    }
    return answer
  }
}

export const session = new Session()
