"""The visit, from "I am coming" to "signed off". Knows `jobs`, which doesn't know it.

finding.py      whose visit is it?
moves.py        what happens on the day?
completion.py   when is the work done, and when is it good?
"""
