// Why was it refused? By its code, by the rules that forbid it, or by the field that cannot be used. It is more than a
// phone's first sight needs: that learns it after.
import type { Problem } from '../server/problems'
import { c } from './common'
import { kindOf } from './kinds'
import { catalogue, learn, speech } from './speech.svelte'

const r = catalogue({
  en: () => import('./en/refused').then((each) => each.refused),
  es: () => import('./es/refused').then((each) => each.refused),
})

await learn()

type BadValue = NonNullable<Problem['errors']>[number]

/** Nothing where neither a rule nor a field is named, and the words of all faces say it. What has no words says so. */
function refusalWords(problem: Problem): string | undefined {
  const [first] = problem.errors ?? []
  if (first !== undefined) return valueWords(first)
  const [rule = ''] = problem.rules ?? []
  const why = ruleWords(rule, problem)
  if (why) return ABOUT_PEOPLE.has(rule) ? r().rule(why) : why
  const { code } = problem
  return r().codes[code] ?? (code in c().problems ? undefined : r().unknownCode(plainly(code)))
}

/** What stands against somebody; all others are sentences about what was wanted. */
const ABOUT_PEOPLE = new Set(
  'active blocked pool skill level credential clearance area hours free capacity limit rate asked suspended available screening'.split(
    ' ',
  ),
)

/** A code, as far as it can be read. */
const plainly = (code: string) => code.replaceAll('_', ' ')

/** All that stand in the way; nothing where none is named. */
function ruleWords(first: string, { rules = [], detail }: Problem): string {
  const minutes = first === 'free' ? /at most (-?\d+) minutes/.exec(detail)?.[1] : undefined
  if (minutes !== undefined) return r().free(String(Math.max(0, Number(minutes))))
  if (first === 'over_soft_budget')
    return r().needsReason(
      whoMay(detail)
        .map((each) => c().roles[each])
        .join(', '),
    )
  const said = rules.map((each) => r().rules[each.replace(/:.*/, '')] ?? r().unknownRule(plainly(each)))
  return [...new Set(said)].join(' ')
}

/** The roles that a refusal names as those who give a reason. */
export const whoMay = (detail: string): string[] =>
  detail.replace(/^.* would be passed: /, '').match(/client_admin|requester|dispatcher|operator/g) ?? []

/** The field as people call it, and what is wrong with it. */
function valueWords({ path, way_out }: BadValue): string {
  const field = path.split(/[/?.[\]]/).findLast((each) => r().fields[each] !== undefined)
  const why = reason(way_out)
  return field === undefined ? r().badPlain(why) : r().bad(r().fields[field] ?? '', why)
}

/** What is checked of every value alike is said in a programmer's words. */
const TECHNICAL = /\b(should (be|have|match)|field required|extra inputs|unable to parse)\b/i

/** In English the server says the way out best. */
function reason(wayOut: string): string {
  if (speech.language === 'en' && !TECHNICAL.test(wayOut)) return wayOut.replace(/ \((GET|POST) [^)]*\)/g, '')
  const { name, figures } = kindOf(wayOut) ?? { name: '', figures: [] }
  const [a, b = ''] = figures
  const exact = a === undefined ? undefined : r().figures[name]?.(a, b)
  const said = exact ?? r().kinds[name]
  return said === undefined ? r().unknown(wayOut) : `${said}.`
}

speech.refusal = refusalWords
