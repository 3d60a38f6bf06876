// How is a number of hours said? `12 hr`, in the reader's way, with half hours where there are some.
import { speech } from '../../words/speech.svelte'

export const number = (value: number): string =>
  new Intl.NumberFormat(speech.locale, { maximumFractionDigits: 1 }).format(value)

export const hours = (value: number): string =>
  new Intl.NumberFormat(speech.locale, {
    style: 'unit',
    unit: 'hour',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(value)
