"""The visit, from "I'm coming" to "signed off", with all that goes wrong. Knows `jobs`, which doesn't know it.

finding.py      whose visit is it?
moves.py        what happens on the day?
completion.py   when is the work done, and when is it good?
crews.py        who is on it together, who leads, who only looks on?
proposing.py    how does one side ask for other terms?
agreeing.py     what is agreed anew when the other side says yes?
answering.py    what else ends a proposal?
suggesting.py   when else could it be?
substituting.py who comes instead?
cancelling.py   what does it cost to tell somebody off?
charging.py     what is owed for work that ended early?
incidents.py    what happened that should not have?
parts.py        which parts does a job need?
partcheck.py    is every part there before anyone drives?
deliverables.py is what was handed in good?
evidence.py     what is still to be handed in?
siterequests.py what does a technician on site need to go on?
granting.py     what does a yes to the site bring about?
alarms.py       what needs a person?
sweeps.py       what of the day is due now?
"""
