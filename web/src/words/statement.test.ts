// Has every line of a statement its words? The ledger says which kinds there are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { account } from './en/account'
import { trust } from './en/trust'

const TABLES = join(import.meta.dirname, '..', '..', '..', 'dispatch', 'record', 'tables', 'money.py')
const listed = /TRANSACTION_KINDS = \(([^)]*)\)/.exec(readFileSync(TABLES, 'utf8'))?.[1] ?? ''
const kinds = [...listed.matchAll(/"(\w+)"/g)].map(([, kind]) => kind as string)

it.each(kinds)('%s is said to whoever it concerns', (kind) => {
  const isOfPayout = kind.startsWith('payout')
  const isOfFunds = kind === 'deposit' || kind === 'withdraw'
  if (!isOfFunds) expect(account.money.kinds[kind]).toBeTruthy()
  if (!isOfPayout) expect(trust.money.kinds[kind]).toBeTruthy()
})

it('says why', () => {
  expect(kinds.length).toBeGreaterThan(8)
  expect([account.money.whys.ended_early, trust.money.whys.ended_early]).toEqual([
    'the work ended early',
    'the work ended early',
  ])
})
