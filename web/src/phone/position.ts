// Where is the phone? Asked only when the technician says something that needs it, and never waited for long.

export type Fix = { lat: number; lng: number; accuracy_m: number; is_mocked: boolean }

const PATIENCE_MS = 6_000

/** Null where it is not allowed, not known, or takes too long: nothing depends on it. */
export function findPosition(): Promise<Fix | null> {
  if (!('geolocation' in navigator)) return Promise.resolve(null)
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(null), PATIENCE_MS + 500)
    const done = (fix: Fix | null) => {
      clearTimeout(giveUp)
      resolve(fix)
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        done({
          lat: coords.latitude,
          lng: coords.longitude,
          accuracy_m: Math.round(coords.accuracy),
          is_mocked: false,
        }),
      () => done(null),
      { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: 30_000 },
    )
  })
}
