// What ends in a stop of its own, such as `3:00 p.m.` or `Acme Inc.`, gets no second one from the sentence that it ends.
// What is within somebody's own words stays as they wrote it.

/** The words of a catalogue, whose sentences never double a stop that comes with what is put into them. */
export function withStops<Words>(words: Words): Words {
  if (typeof words === 'function') return sentence(words as unknown as Sentence) as unknown as Words
  if (typeof words !== 'object' || words === null) return words
  if (Array.isArray(words)) return words.map(withStops) as unknown as Words
  return Object.fromEntries(Object.entries(words).map(([name, each]) => [name, withStops(each)])) as Words
}

type Sentence = (...given: unknown[]) => unknown

const sentence =
  (say: Sentence): Sentence =>
  (...given) =>
    given.reduce(
      (said: unknown, each) =>
        typeof said === 'string' && typeof each === 'string' && each.endsWith('.')
          ? said.replaceAll(`${each}.`, each)
          : said,
      say(...given),
    )
