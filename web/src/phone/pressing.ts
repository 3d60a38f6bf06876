// Who presses again while the network is slow says nothing twice; what could not be kept may be said again.
import { outbox } from './outbox.svelte'

/** What a form does when it is sent: once, until that is through. */
export const once = (send: () => Promise<void>) => {
  let isBusy = false
  return async (event: SubmitEvent) => {
    event.preventDefault()
    if (isBusy) return
    isBusy = true
    try {
      await send()
    } catch (error) {
      // Said where the form is, by NoRoom.
      if (!outbox.isFull) throw error
    } finally {
      isBusy = false
    }
  }
}
