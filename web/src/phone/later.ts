// Which pages come after the first sight? Those that nobody opens the phone with. The service worker keeps them all, so
// that they open without a network, too. Words that only such a page says belong in a catalogue of its own.

export const later = {
  job: () => import('./pages/JobsPage.svelte'),
  late: () => import('./parts/LatePanel.svelte'),
  leave: () => import('./parts/LeavePanel.svelte'),
  lost: () => import('./parts/LostWork.svelte'),
  me: () => import('./pages/MePage.svelte'),
  notForYou: () => import('../ui/NotForYou.svelte'),
  offer: () => import('./pages/OfferPage.svelte'),
  offers: () => import('./pages/OffersPage.svelte'),
  refused: () => import('../words/refused'),
  signIn: () => import('../ui/SignIn.svelte'),
  visit: () => import('./pages/VisitPage.svelte'),
  work: () => import('./pages/WorkPage.svelte'),
}

/** Bring them while nothing else is to be done: the next tap finds them. */
export function bringRest(): void {
  const all = () => void Promise.allSettled(Object.values(later).map((bring) => bring()))
  if ('requestIdleCallback' in window) requestIdleCallback(all, { timeout: 5_000 })
  else setTimeout(all, 2_000)
}
