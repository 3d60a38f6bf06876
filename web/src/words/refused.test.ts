// Is every code that the API refuses with called something, in both languages? They are read from its own text.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { common as commonEn } from './en/common'
import { refused as english } from './en/refused'
import { common as commonEs } from './es/common'
import { refused as spanish } from './es/refused'
import { kindOf } from './kinds'

const ROOT = join(import.meta.dirname, '../../..')
const python = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.py'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((each) => each[1] as string)
/** What stands between a line that begins so and the end of its braces. */
const table = (text: string, name: string): string =>
  new RegExp(`^${name}[^{]*\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? ''

const errors = read('api/errors.py')
const problems = read('api/problems.py')
const codes = new Set([
  ...all(errors, /code = (?:\d+, )?"(\w+)"/g),
  ...all(table(errors, '_LOST'), /"(\w+)": /g),
  ...all(problems, /Problem\(\d+, "(\w+)"/g),
  ...all(table(problems, '_RETRYABLE'), /: "(\w+)"/g),
  ...all(problems, /\d{3}: "([a-z_]+)"/g),
  ...all(table(read('dispatch/errors.py'), '_NOT_SIGNED_IN'), /"(\w+)": /g),
  'database_unavailable',
])

/** What is filled in where a rule's name is made: the states of a client, the roles. */
const MADE: Record<string, readonly string[]> = {
  'client_{client.state}': all(
    /CLIENT_STATES = \(([^)]*)\)/.exec(read('dispatch/record/tables/clients.py'))?.[1] ?? '',
    /"(\w+)"/g,
  )
    .filter((state) => state !== 'approved')
    .map((state) => `client_${state}`),
  'only_{kinds[0]}': ['operator', 'client_admin', 'technician', 'dispatcher', 'requester', 'company'].map(
    (role) => `only_${role}`,
  ),
  'only_{who}': ['only_operator', 'only_client', 'only_technician'],
  'only_with:{kind}': ['only_with'],
}
const named = [...python('dispatch'), ...python('api')]
  .flatMap((text) => text.split(/\bRefused\(/).slice(1))
  .flatMap((text) => all(text.slice(0, 400), /^(?:[^()]|\([^()]*\))*?,\s*\(?(?:tuple\()?\(?f?"([^" ]+)"/g))
const rules = new Set([
  ...named.flatMap((name) => MADE[name] ?? [name]),
  ...all(read('matching/eligibility.py'), /^ {4}([A-Z]+) = \d+$/gm).map((each) => each.toLowerCase()),
  ...all(read('matching/reasons.py'), /\("([a-z]+)", "/g),
  ...all(read('dispatch/jobs/offers.py'), /return "(funds|budget)"/g),
  'budget',
])

describe('what the API refuses with', () => {
  it('is found in its own text', () => {
    for (const code of ['deliverables_missing', 'locked', 'taken', 'link_used', 'too_large', 'overdue', 'not_kept']) {
      expect(codes).toContain(code)
    }
    for (const rule of [
      'over_soft_budget',
      'client_suspended',
      'free',
      'available',
      'only_within_limit',
      'no_show',
      'funds',
    ]) {
      expect(rules).toContain(rule)
    }
    expect(codes.size).toBeGreaterThan(45)
    expect(rules.size).toBeGreaterThan(55)
  })

  it.each([...codes])('%s has words in both languages', (code) => {
    expect(english.codes[code] ?? commonEn.problems[code], code).toBeTruthy()
    expect(spanish.codes[code] ?? commonEs.problems[code], code).toBeTruthy()
  })

  it.each([...rules])('the rule %s has words in both languages', (rule) => {
    expect(english.rules[rule], rule).toBeTruthy()
    expect(spanish.rules[rule], rule).toBeTruthy()
  })
})

describe('a bad value', () => {
  it.each([
    ['use a name that none of your templates has', 'taken', []],
    ['String should have at most 200 characters', 'longText', ['200']],
    ['List should have at most 50 items after validation, not 51', 'tooMany', ['50']],
    ['choose a time that has not passed', 'past', []],
    ['Input should be a valid integer, unable to parse string as an integer', 'notNumber', []],
    ['name one of your sites (GET /v1/sites), or add it first', 'unknown', []],
    ['Field required', 'missing', []],
    ['give from 1 to 5 stars', 'between', ['1', '5']],
    ['Input should be greater than or equal to 1', 'least', ['1']],
  ])('%s is of the kind %s', (wayOut, name, figures) => {
    expect(kindOf(wayOut)?.name).toBe(name)
    expect(kindOf(wayOut)?.figures.slice(0, figures.length)).toEqual(figures)
  })

  it('of every constraint that the database alone knows is of some kind', () => {
    const waysOut = all(table(problems, '_BAD_VALUES'), /", "([^"]+)"\)/g)
    expect(waysOut.length).toBeGreaterThan(10)
    for (const each of waysOut) {
      const kind = kindOf(each)?.name ?? ''
      expect([each, english.kinds[kind] && spanish.kinds[kind]]).toEqual([each, expect.any(String)])
    }
  })
})

describe.each([
  [
    'en-US',
    'A value cannot be used. Name: use a name that none has',
    'A value cannot be used. Work: at most 200 characters.',
    'The budget would be passed. Why it may be is said by: administrator, dispatcher.',
    'A rule says no to it. Busy then. That day is full.',
    'It is more than you alone may approve: somebody else has to.',
    [
      'A value cannot be used. Name: a reason that this page does not know: “Input should have match with the moon”.',
      'A rule says no to it. Busy then. A rule forbids it that this page does not know: “new moon”.',
      'A rule forbids it that this page does not know: “new moon”.',
      'It did not work, for a reason that this page does not know: “out of tape”.',
    ],
  ],
  [
    'es-MX',
    'Hay un valor que no se puede usar. Nombre: ya existe: elija otro.',
    'Hay un valor que no se puede usar. Trabajo: como máximo 200 caracteres.',
    'Se pasaría del presupuesto. El motivo lo da: administrador, despachador.',
    'Una regla dice que no. Ocupado entonces. Ese día está lleno.',
    'Es más de lo que usted puede aprobar a solas: hace falta otra persona.',
    [
      'Hay un valor que no se puede usar. Nombre: un motivo que esta página no conoce: «Input should have match with the moon».',
      'Una regla dice que no. Ocupado entonces. Lo prohíbe una regla que esta página no conoce: «new moon».',
      'Lo prohíbe una regla que esta página no conoce: «new moon».',
      'No funcionó, por un motivo que esta página no conoce: «out of tape».',
    ],
  ],
])('a refusal in %s', (locale, taken, long, budget, busy, alone, unknown) => {
  let words: (problem: object) => string
  beforeAll(async () => {
    vi.resetModules()
    vi.stubGlobal('localStorage', { getItem: () => null })
    vi.stubGlobal('document', { documentElement: {} })
    vi.stubGlobal('navigator', { languages: [locale] })
    const { learn } = await import('./speech.svelte')
    const { problemWords } = await import('./common')
    await import('./refused')
    await learn()
    words = (problem) => problemWords({ status: 409, code: 'refused', detail: '', ...problem })
  })

  it('says the field and what is wrong with it', () => {
    const bad = (path: string, way_out: string) =>
      words({ code: 'bad_input', errors: [{ path, message: '', way_out }] })
    expect(bad('/name', 'use a name that none has')).toBe(taken)
    expect(bad('/job/title', 'String should have at most 200 characters')).toBe(long)
  })

  it('of which this page has no words is told to be one', () => {
    const errors = [{ path: '/name', message: '', way_out: 'Input should have match with the moon' }]
    expect([
      words({ code: 'bad_input', errors }),
      words({ rules: ['free', 'new_moon'] }),
      words({ rules: ['new_moon'] }),
      words({ code: 'out_of_tape' }),
    ]).toEqual(unknown)
  })

  it('that names nothing is still told in the words of all pages', () => {
    for (const code of ['refused', 'not_found', 'fault']) {
      const common = locale.startsWith('en') ? commonEn : commonEs
      expect(words({ code })).toBe(common.problems[code])
    }
  })

  it('says the rules, all of them', () => {
    expect(words({ rules: ['free', 'capacity'] })).toBe(busy)
    expect(words({ code: 'forbidden', rules: ['only_within_limit'] })).toBe(alone)
    const detail = 'budget Q1 would be passed: a client_admin or a dispatcher gives a reason (budget_reason on the job)'
    expect(words({ rules: ['over_soft_budget'], detail })).toBe(budget)
  })
})
