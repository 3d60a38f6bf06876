// What is new, as it happens? Server-sent events, with what a face has to know of the line itself.

export type Line = {
  /** Called at every sign of life. */
  heard(): void
  /** Called when the line breaks; it is tried again by itself. */
  lost(): void
}

type Events = Record<string, (data: never) => void>

/** The browser tries a broken line again by itself, but not one that was answered with an error. */
const AGAIN_MS = 5_000

/** Listen until the returned function is called; events by name, each with its document. */
export function listen(path: string, events: Events, line: Line): () => void {
  let isOver = false
  let source = open()

  function open(): EventSource {
    const opened = new EventSource(path)
    opened.onopen = () => line.heard()
    opened.onerror = () => {
      line.lost()
      if (opened.readyState === EventSource.CLOSED) setTimeout(reopen, AGAIN_MS)
    }
    for (const [name, take] of Object.entries(events)) {
      opened.addEventListener(name, (event) => {
        line.heard()
        take(JSON.parse((event as MessageEvent<string>).data) as never)
      })
    }
    return opened
  }

  function reopen(): void {
    if (!isOver) source = open()
  }

  return () => {
    isOver = true
    source.close()
  }
}
