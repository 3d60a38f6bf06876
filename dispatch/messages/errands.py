"""What is left for the courier? Errands of a few notices each, left in the transaction that wants them.

A wave has some hundred readers, whose notices have nearly everything in common: delivered a few at a time, what they
share is read once.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

#: The courier's lane, and the errand's name.
QUEUE = "messages"
DELIVER = "deliver_notices"
#: Notices of one errand at most: a slow mail server holds up no more than these.
_AT_ONCE = 20

#: As `dispatch.queue.enqueue`, for many at once.
_LEAVE = text("""
SELECT count(enqueue(:task, due.args, NULL, NULL, :queue, due.at))
FROM unnest(cast(:args AS jsonb[]), cast(:ats AS timestamptz[])) AS due (args, at)
""")


def leave_deliveries(
    session: Session, due: Sequence[tuple[UUID, datetime | None]], *, attempt: int = 1, num_tries: int = 1
) -> None:
    """Have these notices delivered, each not before its time (None: now).

    `attempt` counts all attempts of a notice, `num_tries` those by its present channel.
    """
    errands = [(chunk, at) for at in dict.fromkeys(at for _, at in due) for chunk in _chunks(due, at)]
    if not errands:
        return
    args = [json.dumps({"notices": chunk, "attempt": attempt, "num_tries": num_tries}) for chunk, _ in errands]
    ats = [None if at is None else at.isoformat() for _, at in errands]
    session.execute(_LEAVE, {"args": args, "ats": ats, "task": DELIVER, "queue": QUEUE})


def _chunks(due: Sequence[tuple[UUID, datetime | None]], at: datetime | None) -> list[list[str]]:
    ids = [str(id_) for id_, each in due if each == at]
    return [ids[begin : begin + _AT_ONCE] for begin in range(0, len(ids), _AT_ONCE)]
