"""Who should do what, and why the others not? Pure: columns and small dataclasses in, decisions out.

    job.py          what must be done, where, when, needing what
    technician.py   what is known of one technician
    candidates.py   the facts of everyone in reach of one job, as columns
    policy.py       what a client wants of the engine: reach, weights, waves
    eligibility.py  may this technician do it? the failed rules as bits, and their words
    scoring.py      how good is each? terms in [0, 1], and the parts of every score
    ranking.py      those who may, best first
    responses.py    how likely is a yes?
    fanout.py       how many to ask now, whom, until when
    decision.py     the whole decision as a value that can be stored, explained and replayed
    assignment.py   many jobs, many technicians: the best assignment of all

Nothing here reads a clock, a file, a network or a database; time, seed and policy are arguments.
"""
