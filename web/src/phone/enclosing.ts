// How does what is said name the files that were sent before it?

/** A list of files takes them along, a standpoint's too; anything else has the first as its one file. */
export function enclose(body: unknown, ids: readonly string[]): unknown {
  const said = body as { files?: readonly string[]; position?: unknown }
  if (ids.length === 0) return body
  if (said.position !== undefined) return { ...said, position: enclose(said.position, ids) }
  return Array.isArray(said.files) ? { ...said, files: [...said.files, ...ids] } : { ...said, file_id: ids[0] }
}
