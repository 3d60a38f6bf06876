// What is said of one's own way in, in English.
import { common } from './common'

const { many } = common

export const access = {
  title: 'Your account',
  hint: 'How you sign in, and where you are signed in now.',
  password: {
    title: 'Password',
    has: 'You have one for this address. A link by mail lets you in as well.',
    none: 'You have none: a link by mail lets you in. With one of your own you need not wait for it.',
    set: 'Set a password',
    change: 'Change it',
    remove: 'Remove it',
    current: 'The password that you have',
    fresh: 'A new password',
    length: 'At least 12 characters; a few words are easy to keep in mind.',
    late: 'To set one, sign out, let a link be mailed to you, and come here within a quarter of an hour.',
    forgotten: 'Forgotten? Sign out, let a link be mailed to you, and come here within a quarter of an hour.',
    ends: 'Wherever else you are signed in with this address, you are signed out.',
    done: 'The new password counts from now on.',
    removed: 'The password is gone. A link by mail lets you in.',
    wrong: 'This is not the password that you have.',
    weak: 'Take 12 to 200 characters that are harder to guess, and not your address.',
  },
  sessions: {
    title: 'Where you are signed in',
    hint: 'Sign out what you do not know, then change your password.',
    methods: { link: 'by a link', password: 'by password', oidc: 'by your sign-in provider' } as Record<string, string>,
    on: (browser: string, system: string) => `${browser} on ${system}`,
    unknown: 'Some device',
    here: 'This device',
    since: 'Signed in',
    seen: 'last used',
    ends: 'Ends by itself',
    end: 'Sign out there',
    endOf: (device: string) => `Sign out there: ${device}`,
    others: 'Sign out everywhere else',
    only: 'You are signed in nowhere else.',
  },
  others: {
    title: 'Go on as somebody else',
    hint: 'Your address also belongs to:',
    waits: (num: number) =>
      `${many(num, 'thing that you said waits', 'things that you said wait')} on this phone until you are here again as yourself.`,
  },
  data: {
    title: 'What is held on you',
    hint: 'A file of all that is kept about you, to take along. What is the client’s, or somebody else’s, is not inside; the file says what and why.',
    act: 'Download your data',
  },
}
