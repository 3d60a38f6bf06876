"""What is done again and again: templates, copies, series, and what is done in one go. Knows `jobs` only.

recurrence.py   which days does a rule name? (pure)
occurrences.py  when is a series' next visit? (pure)
works.py        what work does a stored document ask for?
templates.py    which jobs does a client post again and again?
copying.py      the same job once more
series.py       what comes again by a rule, and how is that changed?
making.py       which jobs of series are due to be made?
"""
