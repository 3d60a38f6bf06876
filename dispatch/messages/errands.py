"""What is left for the courier? One errand a notice and attempt, left in the transaction that wants it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

#: The courier's lane, and the errand's name.
QUEUE = "messages"
DELIVER = "deliver_notice"

#: As `dispatch.queue.enqueue`, for many at once: a wave has hundreds of readers.
_LEAVE = text("""
SELECT count(enqueue(:task, jsonb_build_object('notice', due.id, 'attempt', cast(:attempt AS int), 'num_tries',
    cast(:num_tries AS int)), NULL, NULL, :queue, due.at))
FROM unnest(cast(:ids AS uuid[]), cast(:ats AS timestamptz[])) AS due (id, at)
""")


def leave_deliveries(
    session: Session, due: Sequence[tuple[UUID, datetime | None]], *, attempt: int = 1, num_tries: int = 1
) -> None:
    """Have these notices delivered, each not before its time (None: now).

    `attempt` counts all attempts of a notice, `num_tries` those by its present channel.
    """
    if not due:
        return
    values = {"ids": [str(id_) for id_, _ in due], "ats": [None if at is None else at.isoformat() for _, at in due]}
    session.execute(_LEAVE, {**values, "task": DELIVER, "queue": QUEUE, "attempt": attempt, "num_tries": num_tries})
