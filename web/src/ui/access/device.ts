// Which device is it? By what its browser says of itself; names that are the same in every language.

export type DeviceName = { readonly browser: string; readonly system: string }

/** The first that fits: a browser also says the names of those that it is built like. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
]

const first = (said: string, known: readonly (readonly [RegExp, string])[]): string =>
  known.find(([form]) => form.test(said))?.[1] ?? ''

export function deviceName(said: string): DeviceName {
  return { browser: first(said, BROWSERS), system: first(said, SYSTEMS) }
}
