"""Which jobs of series are due, and whom does one that cannot be made call for?"""

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import ENGINE
from dispatch.standing.making import make_due
from dispatch.visits.alarms import raise_alarm

#: What the alarm about a series that stopped is called.
STOPPED = "series_stopped"


def make_standing(session: Session, now: datetime, ring: KeyRing = NO_KEYS) -> int:
    """Make the jobs of series that are due; a series that stops raises an alarm. Runs as the engine."""
    done, stopped = make_due(session, now, ring)
    for each in stopped:
        raise_alarm(
            session, ENGINE, STOPPED, client_id=each.client_id, due_at=each.start_at, now=now, subject_id=each.series_id
        )
    return done
