// Which face is for whom, and on which page of it does their day begin?

const FACES: Record<string, string> = {
  technician: '/phone/',
  dispatcher: '/board/',
  client_admin: '/desk/morning',
  requester: '/desk/',
  operator: '/desk/operator/reviews',
}

/** Whoever works for a client, or for the network, may look at the work from both sides. */
const BOTH = ['dispatcher', 'client_admin', 'requester', 'operator']

export const otherFaces = (role: string | undefined, path: string): ('board' | 'desk')[] =>
  BOTH.includes(role ?? '') ? (['board', 'desk'] as const).filter((face) => !path.startsWith(`/${face}`)) : []

export const faceOf = (role: string | undefined): string | undefined => FACES[role ?? '']
