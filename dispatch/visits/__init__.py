"""The visit, from "I'm coming" to "signed off", with all that goes wrong. Knows `jobs`, which doesn't know it.

finding.py      whose visit is it?
presence.py     how far is each technician, and so the visit?
before.py       is somebody coming, and when?
onsite.py       who is there?
stamps.py       when was it, and who says so?
positions.py    was the phone at the site? (pure)
whereabouts.py  where is whoever is on the way, and how long is that known?
timelog.py      how long was each technician there?
corrections.py  what if the time log is wrong?
telephone.py    what does a technician say by text or telephone?
endings.py      how did a visit end? (pure)
nextvisit.py    what comes after a visit that did not end the job?
openslots.py    who is still asked for a visit that is over?
dropping.py     what if no further trip is wanted?
noshow.py       what if nobody came?
watch.py        what should have happened by now? (pure)
lookout.py      whom have we not heard from?
order.py        in which order does a technician's day go?
siterecord.py   what must one know of the site?
travelling.py   how long is the way there?
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
