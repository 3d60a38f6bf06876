// How does the phone open without a network? Its shell is kept: the page, its code, its type. Data are the page's own
// business: nothing that the API says passes here.
/// <reference lib="webworker" />

declare const self: ServiceWorkerGlobalScope
declare const __SHELL__: string[]
declare const __VERSION__: string

const SHELL = __SHELL__
const CACHE = `truckroll-phone-${__VERSION__}`

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(SHELL.map((path) => new Request(path, { cache: 'no-cache' })))),
  )
})

// A new shell takes over once no page of the old one is open: none loses the code that it may still need.
self.addEventListener('activate', (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const where = new URL(request.url)
  if (request.method !== 'GET' || where.origin !== self.location.origin) return
  if (request.mode === 'navigate') event.respondWith(kept('/phone/', request))
  else if (SHELL.includes(where.pathname)) event.respondWith(kept(where.pathname, request))
})

/** What the server pushes: a title and a line, as they are to be read, and the page that says more. */
type Told = { id: string; title: string; body: string; page?: string }

self.addEventListener('push', (event) => {
  const told = event.data?.json() as Told | undefined
  if (told === undefined) return
  const icon = '/phone/icon-192.png'
  const shown = { body: told.body, tag: told.id, icon, badge: icon, data: told.page ?? '/' }
  event.waitUntil(self.registration.showNotification(told.title, shown))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data))
})

/** The phone, if it is open, goes to the page itself, so that nothing typed is lost, and comes to the front. */
async function open(page: string): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window' })
  const mine = pages.find((each) => new URL(each.url).pathname.startsWith('/phone/'))
  mine?.postMessage({ open: page })
  await (mine ? mine.focus() : self.clients.openWindow(`/phone${page}`))
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  return (await cache.match(path)) ?? fetch(request)
}

async function dropOld(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith('truckroll-phone-') && name !== CACHE).map((name) => caches.delete(name)),
  )
}

export {}
