"""For how long is what was answered to a request kept? Some days: who asks again after them asks anew."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from dispatch.record.tables import IdempotencyKeyRow

_BATCH = 1_000


def forget_replies(session: Session, before: datetime) -> int:
    """Delete answers from before a time, the oldest first: how many rows. Runs as the engine.

    They name people and say what was written. One call takes so many; there is no more when it answers 0.
    """
    key = tuple_(IdempotencyKeyRow.asker_id, IdempotencyKeyRow.key)
    oldest = (
        select(IdempotencyKeyRow.asker_id, IdempotencyKeyRow.key)
        .where(IdempotencyKeyRow.created_at < before)
        .order_by(IdempotencyKeyRow.created_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = delete(IdempotencyKeyRow).where(key.in_(oldest)).returning(IdempotencyKeyRow.key)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())
