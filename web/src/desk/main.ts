import { mount } from 'svelte'
import '../design/base.css'
import { learn } from '../words/speech.svelte'
import Desk from './Desk.svelte'

await learn()
mount(Desk, { target: document.querySelector('#face') as HTMLElement })
