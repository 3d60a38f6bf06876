// What time is it now, for whatever on the screen depends on it? One clock for all, each second while somebody looks.
import { clock } from '../time/clock'

class Tick {
  now = $state(clock.now())

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = clock.now()
    }, 1000)
    document.addEventListener('visibilitychange', () => {
      this.now = clock.now()
    })
  }
}

export const tick = new Tick()
