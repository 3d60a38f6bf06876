// What is new, as it happens? Server-sent events, with what a face has to know of the line itself.

export type Line = {
  /** Called at every sign of life. */
  heard(): void
  /** Called when the line breaks; it is tried again by itself. */
  lost(): void
}

/** Listen until the returned function is called; events by name, each with its document. */
export function listen(path: string, events: Record<string, (data: never) => void>, line: Line): () => void {
  const source = new EventSource(path)
  source.onopen = () => line.heard()
  source.onerror = () => line.lost()
  for (const [name, take] of Object.entries(events)) {
    source.addEventListener(name, (event) => {
      line.heard()
      take(JSON.parse((event as MessageEvent<string>).data) as never)
    })
  }
  return () => source.close()
}
