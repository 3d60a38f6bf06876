"""Jobs in time: the only layer with state.

The main job, step by step (`docs/journey.md` says more, and a test checks that each exists):

    posted      jobs/posting.py::post_job
    due         jobs/sweeps.py::sweep
    offered     jobs/offers.py::offer_job            A JOB BECOMES OFFERS HERE
    judged      matching/eligibility.py::judge       why a technician was not asked
    asked whom  matching/fanout.py::plan_wave
    taken       jobs/acceptance.py::accept_offer     EXACTLY ONE WINNER
    decided by  jobs/assignments.py::take_slot       the one statement that picks the winner
    given back  jobs/releasing.py::release
    unfilled    jobs/unfilled.py::give_up
    done        visits/completion.py::finish_job

The wings: `record` (how things are kept) and `index` (who is near, in memory) know none of the others; `money` (whose
money is where) knows the record only; `talent` (who may be asked) doesn't know `jobs`, and `jobs` doesn't know
`visits` (the day itself). `admission` (who is let in, and what ends when they part) knows talent and jobs. `feed`
keeps the index current, `rotating` changes keys, `bell` wakes, `worker` is the dispatcher process, `queue` keeps
errands for later, `courier` is the process that does them, `rehearsal` tries the whole at each start, `services` starts
a private PostgreSQL and Valkey where none is given.
"""
