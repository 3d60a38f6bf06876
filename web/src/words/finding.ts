// Which words does a component say by itself, though they belong into the catalogue?
import { type AST, parse } from 'svelte/compiler'

const SPOKEN = new Set([
  'alt',
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'placeholder',
  'title',
  'label',
  'hint',
])
const WORD = /\p{L}{2,}/u
/** A string in an expression that reads like a sentence or a label, and like no code, path or class. */
const SAID = /^\p{Lu}\p{Ll}+|\p{L}{2,} \p{L}{2,}/u

type Node = { type: string; [name: string]: unknown }

const raw = (node: Node): string => {
  if (node.type === 'Text') return String(node.data).trim()
  return node.type === 'TemplateElement' ? (node.value as { raw: string }).raw : String(node.value)
}

const PATTERNS: Record<string, RegExp> = { Text: WORD, Literal: SAID, TemplateElement: SAID }

/** What a component's markup says in its own words: its text, spoken attributes, and strings in expressions. */
export function wordsIn(source: string): string[] {
  const found: string[] = []
  const look = (node: unknown, isSpoken: boolean): void => {
    if (Array.isArray(node)) for (const each of node) look(each, isSpoken)
    else if (typeof node === 'object' && node !== null && 'type' in node) lookInto(node as Node, isSpoken)
  }
  const lookInto = (node: Node, isSpoken: boolean): void => {
    if (isSpoken && PATTERNS[node.type]?.test(raw(node))) found.push(raw(node))
    const speaks = node.type === 'Attribute' ? SPOKEN.has(String(node.name)) : isSpoken
    for (const [name, each] of Object.entries(node)) if (name !== 'metadata') look(each, speaks)
  }
  look((parse(source, { modern: true }) as AST.Root).fragment, true)
  return found
}
