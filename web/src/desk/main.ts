import { mount } from 'svelte'
import '../design/base.css'
import { keepFocus } from '../ui/focus'
import { learn } from '../words/speech.svelte'
import '../words/refused'
import Desk from './Desk.svelte'

await learn()
keepFocus()
mount(Desk, { target: document.querySelector('#face') as HTMLElement })
