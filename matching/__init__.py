"""Who should do what, and why the others not? Pure: columns and small dataclasses in, decisions out.

    job.py          what must be done, where, when, needing what
    technician.py   what is known of one technician
    candidates.py   the facts of everyone in reach of one job, as columns
    availability.py what do the clocks say: hours, quiet hours, time off?
    starts.py       which start fits hours, bookings and the travel between them?
    policy.py       what a client wants of the engine: reach, weights, waves
    eligibility.py  may this technician do it? the failed rules as bits
    reasons.py      why may they not, in words, and who may read which reason?
    ticks.py        all rules for one technician: ticks, crosses and their figures
    remedies.py     what would let more people do it?
    usage.py        how many hours are left with this client, on which day?
    standing.py     how near is a technician to the limits of a client, and what can be done?
    signs.py        which signs do sums of pay give?
    checklist.py    what do the answers to a checklist of classification say?
    packs.py        which limits hold on this day? dated thresholds, and what a client chose of them
    scoring.py      how good is each? terms in [0, 1], and the parts of every score
    ranking.py      those who may, best first
    responses.py    how likely is a yes?
    fanout.py       how many to ask now, whom, until when
    award.py        who gets it at once, by standing consent?
    decision.py     the whole decision as a value that can be stored, explained and replayed
    inputs.py       what went into a decision, as bytes that never change
    explain.py      a stored decision read back to people
    seeds.py        which number does chance draw here?
    assignment.py   many jobs, many technicians: the best assignment of all (flow, relaxation, programme, overlap,
                    incidence, greedy, workload: how it is found and proved)
    offline.py      the same for the files of `truckroll match` (lines, offline_rules, vicinity: what they say)

Nothing here reads a clock, a file, a network or a database; time, seed and policy are arguments.
"""
