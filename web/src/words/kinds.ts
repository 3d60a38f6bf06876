// Of which kind is what is wrong with a value? The server says what to do in English: known here by what it turns on,
// with the figures that it names.

export type Kind = { name: string; figures: readonly string[] }

const FIGURE = String.raw`(-?\d[\d.,_]*)`
/** `#` is a figure. */
const said = (text: string): RegExp => new RegExp(text.replaceAll('#', FIGURE), 'i')

/** The first that fits. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  [
    'taken',
    said('that (none|no|nobody)\\b|of its own$|of a code|already|is taken|has the same|has this number|id of its'),
  ],
  ['missing', said('field required|visible character|at least 1 character|^say |^set it|^add the column')],
  ['longText', said('at most # character|shorten it to #')],
  ['shortText', said('at least # character')],
  ['between', said('(?:from|give|send|take|for) # to #')],
  ['tooMany', said('at most # (?:items?|files|pages|people|circles)')],
  ['past', said('not passed|to come\\b|from now on|end ahead|until tomorrow|within the next|has not ended')],
  ['future', said('that has passed|of the last #')],
  [
    'order',
    said(
      'check in before|after the start|not before|after the beginning|or later|when this began|leave room|min of work',
    ),
  ],
  ['notTime', said('valid (date|datetime|time)\\b|a day as|offset|times? of day|no such time|choose a day|zone')],
  ['currency', said('currency')],
  ['notPlace', said('degrees')],
  ['notAddress', said('name@example|email address')],
  ['notPostcode', said('zip code')],
  ['above', said('greater than #|above #')],
  ['least', said('greater than or equal to #')],
  ['most', said('less than or equal to #|less than #|at most #')],
  [
    'notNumber',
    said('valid (number|integer|decimal|boolean)|unable to parse|finite|whole (number|minor|metres)|a sum'),
  ],
  ['unwanted', said('^leave (it|them|this|out)|extra inputs')],
  ['notOneOf', said("input should be '|^(use|give|send|answer|begin as) (one )?of\\b|valid uuid|^use first")],
  ['unknown', said('^name |of the catalogue|that exists')],
  ['once', said('\\bonce\\b')],
  ['pattern', said('match pattern|lower-case|letters|digits|^write |hexadecimal')],
  ['file', said('photo|picture|pdf|csv|bytes|file')],
]

/** None where it is of no kind that we know. */
export function kindOf(wayOut: string): Kind | undefined {
  for (const [name, pattern] of KINDS) {
    const found = pattern.exec(wayOut)
    if (found) return { name, figures: found.slice(1).filter((each) => /^-?\d[\d.,_]*$/.test(each ?? '')) }
  }
  return undefined
}
