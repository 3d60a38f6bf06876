"""Who is in reach of a job, and what do the rules need to know of them? In memory, exact, one copy a process.

    roster.py    everyone we may ask, as columns that are kept current: upsert, remove, move
    search.py    search(): the facts of all in reach of a job; candidate_of(): those of one technician
    reach.py     who is within so many metres?
    diaries.py   hours, time off and bookings of many technicians against one job's window
    columns.py   how the roster keeps numbers: columns that grow, records by row, sets of rows

Pure: no database, no clock. One thread writes, any number read; a stale copy may waste an offer, never make a wrong
winner, because acceptance judges the locked rows again.
"""
