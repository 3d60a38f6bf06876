// What was typed and not sent yet? Kept by person and job while the tab lives, whatever else is looked at.
import { session, typedBy } from '../server/session.svelte'

const nameOf = (jobId: string) => `${typedBy(session.me?.id)}draft.${jobId}`

export const drafts = {
  of: (jobId: string): string => sessionStorage.getItem(nameOf(jobId)) ?? '',
  keep(jobId: string, text: string): void {
    if (text === '') sessionStorage.removeItem(nameOf(jobId))
    else sessionStorage.setItem(nameOf(jobId), text)
  },
}
