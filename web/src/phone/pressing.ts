// Who presses again while the network is slow says nothing twice.

/** What a form does when it is sent: once, until that is through. */
export const once = (send: () => Promise<void>) => {
  let isBusy = false
  return async (event: SubmitEvent) => {
    event.preventDefault()
    if (isBusy) return
    isBusy = true
    await send().finally(() => {
      isBusy = false
    })
  }
}
