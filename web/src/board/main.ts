import { mount } from 'svelte'
import '../design/base.css'
import { learn } from '../words/speech.svelte'
import Board from './Board.svelte'

await learn()
mount(Board, { target: document.querySelector('#face') as HTMLElement })
