import { mount } from 'svelte'
import '../design/base.css'
import { keepFocus } from '../ui/focus'
import { learn } from '../words/speech.svelte'
import '../words/refused'
import Start from './Start.svelte'

await learn()
keepFocus()
mount(Start, { target: document.querySelector('#face') as HTMLElement })
