// Is a device told by a name that its owner knows, though browsers say each other's names?
import { expect, it } from 'vitest'
import { deviceName } from './device'

const LIKE = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0'
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'

it.each([
  [`${LIKE} Safari/537.36`, 'Chrome', 'Windows'],
  [`${LIKE} Safari/537.36 Edg/126.0`, 'Edge', 'Windows'],
  [`${PHONE} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari', 'iPhone'],
  [`${PHONE} CriOS/126.0 Mobile/15E148 Safari/604.1`, 'Chrome', 'iPhone'],
  ['Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0', 'Firefox', 'Android'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0 Safari/537.36', 'Chrome', 'Linux'],
  ['curl/8.5', '', ''],
])('%s', (said, browser, system) => {
  expect(deviceName(said)).toEqual({ browser, system })
})
