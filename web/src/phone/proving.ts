// How is what a technician says about their proofs made into requests? Each is kept, and sent when there is a network.
import type { Schemas } from '../server/api'
import { session } from '../server/session.svelte'
import type { Wish } from './outbox.svelte'
import { outbox } from './outbox.svelte'
import type { Entry } from './store'

export type Claim = Schemas['CredentialIn']

/** What a proof is that nobody but this phone has yet: the server's description of one, as far as it is known here. */
export type Begun = {
  id: string
  kind: string
  valid_from: string
  valid_until: string
  evidence: string
  entry: Entry
}

/** Proofs that were begun here and that the lists of the server's do not have yet. */
export const begun = (): readonly Begun[] =>
  outbox.entries.filter((each) => each.kind === 'prove' && each.state !== 'done').map(asProof)

function asProof(entry: Entry): Begun {
  const { kind, valid_from, valid_until, evidence } = entry.body as Claim
  return { id: entry.about, kind, valid_from, valid_until, evidence: evidence ?? '', entry }
}

/** Begin a proof under a name of the phone's own, which what is said of it goes by until the server has named it. */
export function prove(about: string, title: string, body: Claim): Wish {
  const path = `/v1/technicians/${session.me?.technician_id ?? ''}/credentials`
  return { kind: 'prove', about, title, path, body }
}

/** Of which proof, by whose name for it. */
export type Of = { id: string; title: string; isBegunHere: boolean }

const of = ({ id, title, isBegunHere }: Of) => ({ about: id, title, ...(isBegunHere && { after: id }) })

export const addPage = (proof: Of, bytes: Blob): Promise<void> =>
  outbox.say({ kind: 'page', ...of(proof), path: `/v1/credentials/${proof.id}/documents`, body: null, bytes })

export function submit(proof: Of, evidence: string): Wish {
  return { kind: 'submit', ...of(proof), path: `/v1/credentials/${proof.id}/submit`, body: { evidence } }
}
