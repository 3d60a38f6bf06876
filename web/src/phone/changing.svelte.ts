// Something of mine is changed: is it on its way, was it taken, and what is wrong with it?
import type { Result } from '../server/api'
import type { Problem } from '../server/problems'
import { problemWords } from '../words/common'

/** Where a problem names a field: `/consent/min_hourly` is `min_hourly`. */
const nameIn = (path: string): string => path.split(/[/.]/).at(-1) ?? ''

export class Changing {
  problem = $state.raw<Problem>()
  isBusy = $state(false)
  isDone = $state(false)

  async send(asked: () => Promise<Result<unknown>>): Promise<boolean> {
    this.isBusy = true
    const answer = await asked()
    this.isBusy = false
    this.problem = answer.ok ? undefined : answer.problem
    this.isDone = answer.ok
    return answer.ok
  }

  /** What the server says of one field. */
  at(name: string): string | undefined {
    const found = this.problem?.errors?.find(({ path }) => nameIn(path) === name)
    return found && this.problem && problemWords({ ...this.problem, errors: [found] })
  }

  /** Whatever stands at none of these fields. */
  besides(names: readonly string[]): Problem | undefined {
    return this.problem?.errors?.some(({ path }) => names.includes(nameIn(path))) ? undefined : this.problem
  }
}
