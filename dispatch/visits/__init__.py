"""The visit, from "I'm coming" to "signed off", with all that goes wrong. Knows `jobs`, which doesn't know it.

finding.py      whose visit is it?
moves.py        what happens on the day?
completion.py   when is the work done, and when is it good?
crews.py        who is on it together, who leads, who only looks on?
alarms.py       what needs a person?
sweeps.py       what of the day is due now?
"""
