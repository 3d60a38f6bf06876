import { mount } from 'svelte'
import '../design/base.css'
import { keepFocus } from '../ui/focus'
import { learn } from '../words/speech.svelte'
import '../words/refused'
import Board from './Board.svelte'

await learn()
keepFocus()
mount(Board, { target: document.querySelector('#face') as HTMLElement })
