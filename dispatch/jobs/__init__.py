"""Jobs in time: posted, offered, taken, done.

posting.py      a service department says what it wants done
rounds.py       when are technicians asked?
offers.py       a job becomes offers
acceptance.py   a technician says yes: exactly one of them gets the slot
answers.py      look, decline, counter
market.py       technicians find open jobs and ask for them
consent.py      who is assigned at once?
assignments.py  who has a slot, and what if they give it back?
changes.py      what if the client changes their mind?
unfilled.py     what if nobody takes it?
sweeps.py       what is due now?
lifecycle.py    which moves does a state allow? (pure)
"""
