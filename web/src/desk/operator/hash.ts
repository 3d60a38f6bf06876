// Which text was it? Its hash, made here: the text itself goes nowhere.

export async function sha256(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return [...new Uint8Array(digest)].map((each) => each.toString(16).padStart(2, '0')).join('')
}
