// Can this browser show notices when the page is shut, and does it? By Web Push, subscribed with the operator's key.
import { api, ask, once } from '../server/api'

export type PushState = 'on' | 'off' | 'denied' | 'cannot' | 'failed'

const WAIT_MS = 8_000

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return undefined
  const found = await navigator.serviceWorker.getRegistration('/phone/')
  return found?.active ? found : undefined
}

export async function pushState(): Promise<PushState> {
  const worker = await registration()
  if (worker === undefined) return 'cannot'
  if (Notification.permission === 'denied') return 'denied'
  return (await worker.pushManager.getSubscription()) === null ? 'off' : 'on'
}

/** Asks the person, then the browser's push service, then tells the server where to send. */
export async function turnOn(key: string): Promise<PushState> {
  const worker = await registration()
  if (worker === undefined) return 'cannot'
  if ((await Notification.requestPermission()) !== 'granted') return 'denied'
  try {
    const wish = worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
    const made = await Promise.race([wish, later()])
    if (made === undefined) return 'failed'
    const { endpoint = '', keys = {} } = made.toJSON()
    const body = { endpoint, p256dh: keys.p256dh ?? '', auth: keys.auth ?? '' }
    const answer = await ask(api.POST('/v1/preferences/devices', { params: once(), body }))
    if (answer.ok) return 'on'
    await made.unsubscribe()
    return 'failed'
  } catch {
    return 'failed'
  }
}

/** The server hears that the address is gone when it next sends there, if it cannot be told now. */
export async function turnOff(): Promise<PushState> {
  const worker = await registration()
  const made = await worker?.pushManager.getSubscription()
  if (made) {
    const device_id = await idOf(made.endpoint)
    await ask(api.DELETE('/v1/preferences/devices/{device_id}', { params: { path: { device_id } } }))
    await made.unsubscribe()
  }
  return pushState()
}

/** How the server names a browser. */
async function idOf(endpoint: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint)))
  return [...hash.slice(0, 8)].map((each) => each.toString(16).padStart(2, '0')).join('')
}

const later = () => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), WAIT_MS))

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const plain = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (each) => each.charCodeAt(0))
}
