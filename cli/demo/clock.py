"""How does the day of a visit come, when a demo lasts a minute? The rows' times move back, all of a visit's together.

Rows are the timers: to set every time of a visit back by a day is the same as to wait for a day. Only the demo does it,
on its own record. What is told elsewhere (events, decisions) keeps the times that were agreed.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

_AGREED = text("""
SELECT v.planned_start_at - clock_timestamp() FROM visits v
WHERE v.id = :visit AND v.planned_start_at IS NOT NULL
""")

_MOVES = (
    text("""
    UPDATE bookings SET busy = tstzrange(lower(busy) - :by, upper(busy) - :by, '[)')
    WHERE id IN (SELECT booking_id FROM assignments WHERE visit_id = :visit AND state = 'live')
    """),
    text("""
    UPDATE assignments SET start_at = start_at - :by, end_at = end_at - :by,
        assigned_at = assigned_at - :by, watch_at = clock_timestamp()
    WHERE visit_id = :visit AND state = 'live'
    """),
    text("""
    UPDATE visits SET window_start_at = window_start_at - :by, window_end_at = window_end_at - :by,
        planned_start_at = planned_start_at - :by, planned_end_at = planned_end_at - :by, confirm_by = confirm_by - :by
    WHERE id = :visit
    """),
)

_RUN_OUT = text("""
UPDATE credentials SET valid_until = current_date - 2, valid_from = least(valid_from, current_date - 2)
WHERE id = :credential
""")


def bring_near(session: Session, visit_id: UUID, starts_in: timedelta) -> bool:
    """Set the times of a visit that somebody has so that its agreed start is `starts_in` from now: whether it could be.

    It cannot be when the technician has something else at that time. Runs as the engine.
    """
    ahead: timedelta | None = session.execute(_AGREED, {"visit": visit_id}).scalar()
    if ahead is None:
        return False
    values: dict[str, Any] = {"visit": visit_id, "by": ahead - starts_in}
    with session.begin_nested() as savepoint:
        try:
            for move in _MOVES:
                session.execute(move, values)
        except IntegrityError:
            savepoint.rollback()
            return False
    return True


def run_out(session: Session, credential_id: UUID) -> None:
    """Set the days of a proof back so that its last one was over everywhere two days ago. Runs as the engine."""
    session.execute(_RUN_OUT, {"credential": credential_id})
