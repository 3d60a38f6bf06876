// How does what is said name the file that was sent before it?

/** A list of files takes it along; anything else has it as its one file. */
export function enclose(body: unknown, id: string | undefined): unknown {
  const said = body as { files?: readonly string[] }
  if (id === undefined) return body
  return Array.isArray(said.files) ? { ...said, files: [...said.files, id] } : { ...said, file_id: id }
}
