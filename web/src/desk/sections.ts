// Which pages has the desk, for whom, and where? Each is brought when it is first opened.
import type { Component } from 'svelte'

type Page = { default: Component }
export type Section = {
  readonly path: string
  readonly words:
    | 'jobs'
    | 'post'
    | 'templates'
    | 'upload'
    | 'coverage'
    | 'morning'
    | 'compliance'
    | 'approvals'
    | 'technicians'
    | 'pools'
    | 'hours'
    | 'money'
    | 'budgets'
    | 'agreements'
    | 'answers'
    | 'reviews'
    | 'disputes'
    | 'erasures'
    | 'clients'
    | 'companies'
    | 'clearances'
    | 'rules'
    | 'audit'
  readonly roles: readonly string[]
  readonly load: () => Promise<Page>
}

const STAFF = ['client_admin', 'dispatcher', 'requester']
const DECIDERS = ['client_admin', 'dispatcher']
const OPERATOR = ['operator']

const posting = () => import('./pages/PostingPages.svelte')

/** In the order of the navigation. */
export const SECTIONS: readonly Section[] = [
  { path: '/', words: 'jobs', roles: [...STAFF, ...OPERATOR], load: () => import('./pages/OrdersPage.svelte') },
  { path: '/post', words: 'post', roles: STAFF, load: posting },
  { path: '/templates', words: 'templates', roles: STAFF, load: posting },
  { path: '/upload', words: 'upload', roles: STAFF, load: () => import('./pages/UploadPage.svelte') },
  { path: '/coverage', words: 'coverage', roles: STAFF, load: () => import('./pages/CoveragePage.svelte') },
  { path: '/morning', words: 'morning', roles: STAFF, load: () => import('./morning/ServicePage.svelte') },
  {
    path: '/compliance',
    words: 'compliance',
    roles: ['client_admin'],
    load: () => import('./morning/CompliancePage.svelte'),
  },
  { path: '/approvals', words: 'approvals', roles: STAFF, load: () => import('./trust/ApprovalsPage.svelte') },
  { path: '/technicians', words: 'technicians', roles: DECIDERS, load: () => import('./trust/AdmissionsPage.svelte') },
  { path: '/pools', words: 'pools', roles: DECIDERS, load: () => import('./trust/PoolsPage.svelte') },
  { path: '/hours', words: 'hours', roles: STAFF, load: () => import('./trust/HoursPage.svelte') },
  { path: '/money', words: 'money', roles: STAFF, load: () => import('./trust/MoneyPage.svelte') },
  { path: '/budgets', words: 'budgets', roles: STAFF, load: () => import('./trust/BudgetsPage.svelte') },
  {
    path: '/agreements',
    words: 'agreements',
    roles: ['client_admin'],
    load: () => import('./trust/AgreementsPage.svelte'),
  },
  { path: '/reviews', words: 'answers', roles: DECIDERS, load: () => import('./trust/AnswersPage.svelte') },
  { path: '/operator/reviews', words: 'reviews', roles: OPERATOR, load: () => import('./operator/ReviewsPage.svelte') },
  {
    path: '/operator/disputes',
    words: 'disputes',
    roles: OPERATOR,
    load: () => import('./operator/DisputesPage.svelte'),
  },
  {
    path: '/operator/erasures',
    words: 'erasures',
    roles: OPERATOR,
    load: () => import('./operator/ErasuresPage.svelte'),
  },
  { path: '/operator/clients', words: 'clients', roles: OPERATOR, load: () => import('./operator/ClientsPage.svelte') },
  {
    path: '/operator/companies',
    words: 'companies',
    roles: OPERATOR,
    load: () => import('./operator/CompaniesPage.svelte'),
  },
  {
    path: '/operator/clearances',
    words: 'clearances',
    roles: OPERATOR,
    load: () => import('./operator/ClearancesPage.svelte'),
  },
  { path: '/operator/rules', words: 'rules', roles: OPERATOR, load: () => import('./operator/RulesPage.svelte') },
  { path: '/operator/audit', words: 'audit', roles: OPERATOR, load: () => import('./operator/AuditPage.svelte') },
]

/** One's own, for whoever works here; the name above every page leads there. */
export const loadAccount = () => import('./pages/AccountPage.svelte')

/** The pages of a role's morning, on which their day begins. */
const MORNINGS: Record<string, readonly Section['words'][]> = {
  client_admin: ['morning', 'compliance'],
  operator: ['reviews'],
}

/** The pages that a role may open, those of their morning first. */
export function sectionsOf(role: string): readonly Section[] {
  const own = SECTIONS.filter((each) => each.roles.includes(role))
  const isFirst = (each: Section) => MORNINGS[role]?.includes(each.words) ?? false
  return [...own.filter(isFirst), ...own.filter((each) => !isFirst(each))]
}

/** Which of them have a page for each thing that they list, and where that is. */
const OF_ONE: Record<string, string> = { '/': '/jobs', '/pools': '/pools', '/post': '/post' }

/** The page of an address, for this role; nothing where there is none. */
export function sectionAt(path: string, role: string): Section | undefined {
  const at = path.length > 1 ? path.replace(/\/$/, '') : path
  const isOf = (one: string | undefined) => one !== undefined && (at === one || at.startsWith(`${one}/`))
  return sectionsOf(role).find((each) => at === each.path || isOf(OF_ONE[each.path]))
}
