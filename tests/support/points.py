"""A technician's points in a story: what is due of reputation, what they read, and what follows from events alone."""

import time
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Text, func, select, text

from dispatch.record.events import record
from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import AssignmentRow, OutcomeRow, TechnicianRow
from dispatch.reputation.projecting import rebuild
from dispatch.reputation.reckoning import reputation_of
from dispatch.reputation.sweeps import DUE
from dispatch.visits.sweeps import sweep_visits
from matching.reputation import ReputationPolicy

_SETTLED = text("SELECT pg_snapshot_xmin(pg_current_snapshot()) > CAST(:last AS xid8)")
# What writes longest, of every database of the server; of another role's sessions no more than the database is told.
_WRITING = text("""
    SELECT format('%s, %s for %s: %s', datname, state, clock_timestamp() - xact_start, query) FROM pg_stat_activity
    WHERE datname IS NOT NULL AND pid <> pg_backend_pid()
        AND (backend_xid IS NOT NULL OR query = '<insufficient privilege>')
    ORDER BY xact_start LIMIT 5
""")


def reckons(story):
    """The dispatcher process looks at what of reputation is due, once every event so far has settled.

    Events are read below the oldest transaction still running; on a test's server others run, in other databases.
    """
    with story.town.world.as_engine() as (session, _):
        last = session.scalar(select(func.pg_current_xact_id().cast(Text)))
    # On a busy machine a race with real commits may take long.
    for _ in range(3600):
        with story.town.world.as_engine() as (session, _):
            if session.execute(_SETTLED, {"last": last}).scalar_one():
                break
        time.sleep(0.025)
    else:
        with story.town.world.engine.connect() as connection:
            writing = connection.scalars(_WRITING).all()
        raise AssertionError(f"gave up waiting for transactions older than {last}; these still write: {writing}")
    sweep_visits(lambda: transaction(story.town.world.engine, ENGINE, role="engine"), DUE)


def account_of(given):
    answer = given.technician.get(f"/v1/technicians/{given.technician_id}/reputation")
    assert answer.status_code == 200, answer.text
    return answer.json()


def starts(story, given, minutes):
    """Both sides have agreed on a start that was so many minutes ago: told as `agreeing.accept_proposal` tells it."""
    assignment = UUID(given.assignment_id)
    with story.town.world.as_engine() as (session, now):
        start_at = now - timedelta(minutes=minutes)
        row = session.get_one(AssignmentRow, assignment)
        row.start_at = start_at
        told = {"start_at": start_at.isoformat(), "end_at": row.end_at.isoformat()}
        record(session, ENGINE, ("assignment", assignment), "changed", told, client_id=row.client_id, now=now)


def agrees_with_events(story):
    """What is kept is what follows from the events alone, for everybody."""
    with story.town.world.as_engine() as (session, _):
        assignments = session.scalars(select(OutcomeRow.assignment_id).distinct()).all()
        kept = {
            (row.assignment_id, row.part, row.event_id, row.kind, row.value, row.severity, row.why_not)
            for row in session.scalars(select(OutcomeRow))
        }
        made = {
            (key[0], each.part, each.event_id, each.kind, each.value, each.severity, each.why_not)
            for key, outcomes in rebuild(session, assignments, ReputationPolicy()).items()
            for each in outcomes
        }
        assert kept == made
        assert kept
        people = session.scalars(select(TechnicianRow).where(TechnicianRow.reputation_at.is_not(None))).all()
        for person in people:
            again = reputation_of(session, person.id, at=person.reputation_at)
            assert (person.reputation, person.reputation_high) == (again.score, again.high)
