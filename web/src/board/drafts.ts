// What was typed and not sent yet? Kept by job while the tab lives, whatever else is looked at.

const nameOf = (jobId: string) => `truckroll.draft.${jobId}`

export const drafts = {
  of: (jobId: string): string => sessionStorage.getItem(nameOf(jobId)) ?? '',
  keep(jobId: string, text: string): void {
    if (text === '') sessionStorage.removeItem(nameOf(jobId))
    else sessionStorage.setItem(nameOf(jobId), text)
  },
}
