import { mount } from 'svelte'
import '../design/base.css'
import { learn } from '../words/speech.svelte'
import Start from './Start.svelte'

await learn()
mount(Start, { target: document.querySelector('#face') as HTMLElement })
