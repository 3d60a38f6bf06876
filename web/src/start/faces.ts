// Which face is for whom?

const FACES: Record<string, string> = {
  technician: '/phone/',
  dispatcher: '/board/',
  client_admin: '/desk/',
  requester: '/desk/',
  operator: '/desk/',
}

/** Whoever works for a client, or for the network, may look at the work from both sides. */
const BOTH = ['dispatcher', 'client_admin', 'requester', 'operator']

export const otherFaces = (role: string | undefined, path: string): ('board' | 'desk')[] =>
  BOTH.includes(role ?? '') ? (['board', 'desk'] as const).filter((face) => !path.startsWith(`/${face}`)) : []

export const faceOf = (role: string | undefined): string | undefined => FACES[role ?? '']
