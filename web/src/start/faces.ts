// Which face is for whom?

const FACES: Record<string, string> = {
  technician: '/phone/',
  dispatcher: '/board/',
  client_admin: '/desk/',
  requester: '/desk/',
  operator: '/desk/',
}

export const faceOf = (role: string | undefined): string | undefined => FACES[role ?? '']
