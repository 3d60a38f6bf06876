import { mount } from 'svelte'
import '../design/base.css'
import { learn } from '../words/speech.svelte'
import Phone from './Phone.svelte'
import { route } from './state.svelte'

await learn()
mount(Phone, { target: document.querySelector('#face') as HTMLElement })
// Nobody has gone anywhere yet.
void import('../ui/focus').then((each) => each.keepFocus())

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // A notice was tapped while the phone is open.
  navigator.serviceWorker.addEventListener('message', ({ data }) => route.go(data.open))
  void navigator.serviceWorker.register('/phone/worker.js', { scope: '/phone/' })
}
