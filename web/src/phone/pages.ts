// Which page is at which address? Each is brought when it is first opened, so that the phone opens at once.
import type { Component } from 'svelte'
import { later } from './later'

// biome-ignore lint/suspicious/noExplicitAny: what a page is given is checked where it is named below.
export type Found = { load: () => Promise<{ default: Component<any> }>; given: Record<string, unknown> }

function page<Given extends Record<string, unknown>>(
  load: () => Promise<{ default: Component<Given> }>,
  given: Given,
): Found {
  return { load, given }
}

const none = {} as Record<string, never>

const PAGES: Record<
  string,
  (second: string | undefined, third: string | undefined, last: string | undefined) => Found
> = {
  offers: (id) => (id ? page(later.offer, { id }) : page(later.offers, none)),
  jobs: () => page(later.job, none),
  me: () => page(later.me, none),
  messages: (first, jobId) =>
    first === undefined
      ? page(() => import('./pages/TalksPage.svelte'), none)
      : page(
          () => import('./pages/TalkPage.svelte'),
          first === 'job' ? { jobId, threadId: undefined } : { jobId: undefined, threadId: first },
        ),
  money: (month) =>
    month
      ? page(() => import('./pages/StatementPage.svelte'), { month })
      : page(() => import('./pages/MoneyPage.svelte'), none),
  record: () => page(() => import('./pages/RecordPage.svelte'), none),
  decisions: () => page(() => import('./pages/DecisionsPage.svelte'), none),
  usage: () => page(() => import('./pages/UsagePage.svelte'), none),
  proofs: (first, second = '', kind = '') => proofs(first, second, kind),
  clients: () => page(() => import('./pages/ClientsPage.svelte'), none),
  hours: () => page(() => import('./pages/HoursPage.svelte'), none),
  limits: () => page(() => import('./pages/LimitsPage.svelte'), none),
  settings: () => page(() => import('./pages/SettingsPage.svelte'), none),
  visits: (date = '', id = '', last) =>
    last === 'work' ? page(later.work, { date, id }) : page(later.visit, { date, id }),
}

function proofs(first: string | undefined, second: string, kind: string): Found {
  if (first === 'new') return page(() => import('./pages/NewProofPage.svelte'), { kind: second, again: '' })
  if (first === 'again') return page(() => import('./pages/NewProofPage.svelte'), { kind: '', again: second })
  if (first === 'sign') return page(() => import('./pages/AgreementPage.svelte'), { clientId: second, kind })
  if (first === 'notices') return page(() => import('./pages/NoticesPage.svelte'), none)
  if (first) return page(() => import('./pages/ProofPage.svelte'), { id: first })
  return page(() => import('./pages/ProofsPage.svelte'), none)
}

/** The page at an address; nothing where the day is. */
export function pageAt([first = '', second, third, last]: readonly string[]): Found | undefined {
  return PAGES[first]?.(second, third, last)
}
