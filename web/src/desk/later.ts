// Which pages are brought only when they are opened?
export const later = {
  list: () => import('./pages/ListPage.svelte'),
  job: () => import('./pages/JobPage.svelte'),
  map: () => import('./map/BaseMap.svelte'),
}
