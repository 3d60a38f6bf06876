// What the service department's desk says, in English.

export const desk = {
  face: 'Service desk',
  jobs: 'Work orders',
  empty: 'No work orders yet',
  emptyHint: 'What your department posts appears here: who has it, whether it is on time, and when it is done.',
  columns: { number: 'Number', title: 'Work', town: 'Where', state: 'State' },
  atRisk: 'Needs a person',
  states: {
    draft: 'Draft',
    open: 'Asking',
    assigned: 'Assigned',
    in_progress: 'On site',
    done: 'Done',
    approved: 'Approved',
    paid: 'Paid',
    on_hold: 'On hold',
    unfilled: 'Nobody took it',
    sent_back: 'Sent back',
    cancelled: 'Cancelled',
    disputed: 'Disputed',
  } as Record<string, string>,
}
