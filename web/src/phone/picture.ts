// What is kept of a photo? It is drawn anew and smaller: what the camera wrote into it, and where, stays on the phone.

/** Longest side, in pixels: a serial plate can be read on it, and a slow line carries it. */
const LONGEST = 2_000
const QUALITY = 0.82
/** What the server takes; a camera's own files are smaller. */
export const MOST_BYTES = 15_000_000
/** More than any phone's camera has: a small file can unfold to fill the memory. */
const MOST_PIXELS = 120_000_000

export type Drawn = { ok: true; blob: Blob } | { ok: false; why: 'tooLarge' | 'noPicture' }

export async function draw(file: Blob): Promise<Drawn> {
  if (file.size > MOST_BYTES) return { ok: false, why: 'tooLarge' }
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => undefined)
  if (bitmap === undefined) return { ok: false, why: 'noPicture' }
  try {
    if (bitmap.width * bitmap.height > MOST_PIXELS) return { ok: false, why: 'tooLarge' }
    const { width, height } = fitted(bitmap.width, bitmap.height)
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const pen = canvas.getContext('2d')
    if (pen === null) return { ok: false, why: 'noPicture' }
    pen.drawImage(bitmap, 0, 0, width, height)
    return await written(canvas, 'image/jpeg')
  } finally {
    bitmap.close()
  }
}

/** The photo as it leaves the phone; what cannot be drawn as it is, for the server to refuse with its reason. */
export async function drawn(file: File): Promise<Blob> {
  const made = await draw(file)
  return made.ok ? made.blob : file
}

/** The same shape, no side longer than it has to be. */
export function fitted(width: number, height: number, longest = LONGEST): { width: number; height: number } {
  const by = Math.min(1, longest / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * by)), height: Math.max(1, Math.round(height * by)) }
}

export function written(canvas: HTMLCanvasElement, type: 'image/jpeg' | 'image/png'): Promise<Drawn> {
  return new Promise((resolve) => {
    canvas.toBlob(
      (blob) => resolve(blob === null ? { ok: false, why: 'noPicture' } : { ok: true, blob }),
      type,
      QUALITY,
    )
  })
}
