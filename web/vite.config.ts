// How are the faces built? Three entrances, each with its own page and bundle, and the phone's service worker.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

type Bundle = Parameters<Extract<Plugin['generateBundle'], (...given: never[]) => unknown>>[1]

/** Bytes, packed, that a phone brings before it shows anything; its type and the map come after. */
const SHELL_BUDGET = 60_000

/** What a chunk needs, and what it may come to need when `later` says so. */
function reached(bundle: Bundle, from: string, later: (name: string) => boolean): Set<string> {
  const files = new Set<string>()
  const take = (name: string) => {
    const chunk = bundle[name]
    if (files.has(name) || chunk?.type !== 'chunk') return
    files.add(name)
    for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css)
    for (const other of [...chunk.imports, ...chunk.dynamicImports.filter(later)]) take(other)
  }
  take(from)
  return files
}

/** The phone's own chunk, from which all of it is reached. */
const phoneOf = (bundle: Bundle): string =>
  Object.entries(bundle).find(
    ([, chunk]) => chunk.type === 'chunk' && chunk.isEntry && chunk.facadeModuleId?.endsWith('/phone/index.html'),
  )?.[0] ?? ''

/** All files that the phone's page may come to need; the map, larger than all else, is brought when it is opened. */
function shellOf(bundle: Bundle): string[] {
  const type = Object.keys(bundle).filter((name) => /inter-latin-wght-normal/.test(name))
  const isMap = (name: string) => {
    const chunk = bundle[name]
    return chunk?.type === 'chunk' && (chunk.facadeModuleId ?? '').endsWith('/parts/PlaceMap.svelte')
  }
  return [...reached(bundle, phoneOf(bundle), (name) => !isMap(name)), ...type].sort()
}

/** Packed bytes of what the phone's first sight needs, as written in `dist`, in the language that needs most. */
function firstSight(bundle: Bundle, dist: string): number {
  const packed = (name: string) => gzipSync(readFileSync(join(dist, name))).length
  const says = (language: string) => (name: string) => {
    const chunk = bundle[name]
    return chunk?.type === 'chunk' && (chunk.facadeModuleId ?? '').includes(`/words/${language}/`)
  }
  const sizes = ['en', 'es'].map((language) =>
    [...reached(bundle, phoneOf(bundle), says(language)), 'phone/index.html'].map(packed),
  )
  return Math.max(...sizes.map((each) => each.reduce((sum, size) => sum + size, 0)))
}

/** Tells the phone's service worker which files are its shell, and by which name to keep them. */
function shell(): Plugin {
  return {
    name: 'truckroll-shell',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = shellOf(bundle)
      const worker = bundle['phone/worker.js']
      const page = bundle['phone/index.html']
      if (worker?.type !== 'chunk' || page?.type !== 'asset' || files.length < 2)
        return this.error('the phone has no shell')
      const version = createHash('sha256').update(files.join()).update(page.source).digest('hex').slice(0, 12)
      const paths = ['/phone/', '/icon.svg', ...files.map((name) => `/${name}`)]
      worker.code = worker.code
        .replace('__SHELL__', JSON.stringify(paths))
        .replace('__VERSION__', JSON.stringify(version))
    },
    writeBundle(options, bundle) {
      const size = firstSight(bundle, options.dir ?? 'dist')
      if (size > SHELL_BUDGET) this.error(`the phone brings ${size} bytes before it shows anything: bring pages later`)
      this.info(`the phone shows itself after ${size} bytes`)
    },
  }
}

export default defineConfig({
  plugins: [svelte(), shell()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        start: 'index.html',
        phone: 'phone/index.html',
        board: 'board/index.html',
        desk: 'desk/index.html',
        worker: 'src/phone/worker.ts',
      },
      output: {
        // What nearly every page has is one file: forty small ones pack worse by three thousand bytes.
        codeSplitting: { groups: [{ name: 'shared', minShareCount: 22 }] },
        entryFileNames: (chunk) => (chunk.name === 'worker' ? 'phone/worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8000' } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
