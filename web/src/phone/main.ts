import { mount } from 'svelte'
import '../design/base.css'
import { keepFocus } from '../ui/focus'
import { learn } from '../words/speech.svelte'
import Phone from './Phone.svelte'

await learn()
keepFocus()
mount(Phone, { target: document.querySelector('#face') as HTMLElement })

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  void navigator.serviceWorker.register('/phone/worker.js', { scope: '/phone/' })
}
