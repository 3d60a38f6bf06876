// In which order is sent what waits? As it was said; but nothing waits for a photo that is not about the same thing.
import type { Entry } from './store'

export function inOrder(waiting: readonly Entry[]): Entry[] {
  const heavy = new Set(waiting.filter((each) => each.files?.length || each.bytes).map((each) => each.about))
  return [...waiting.filter((each) => !heavy.has(each.about)), ...waiting.filter((each) => heavy.has(each.about))]
}
