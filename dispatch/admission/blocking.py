"""Who wants nothing more of whom? A block, from either side, and what it ends at once.

Hidden from the other side: what a client sees of a technician's block is a no like any other to each open offer; what
a technician sees of a client's is offers that were withdrawn. What is assigned stays; whoever blocked gets the list.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.admission.parting import (
    decline_offers,
    flag_assignments,
    future_assignments,
    unflag_assignments,
    withdraw_offers,
)
from dispatch.record.session import Actor
from dispatch.talent.marks import Mark, mark_client, mark_technician


def put_client_mark(
    session: Session,
    actor: Actor,
    client_id: UUID,
    technician_id: UUID,
    mark: Mark | None,
    *,
    reason: str | None = None,
    now: datetime,
) -> list[UUID]:
    """A client marks a technician, or takes its mark back; of a block the assignments that stand, each flagged.

    Raises as `mark_technician`.
    """
    is_news = mark_technician(session, actor, client_id, technician_id, mark, reason=reason, now=now)
    if mark != "block":
        if is_news:
            unflag_assignments(session, actor, client_id, technician_id, now=now)
        return []
    withdraw_offers(session, actor, client_id, technician_id, now=now)
    return flag_assignments(session, actor, client_id, technician_id, now=now)


def put_technician_mark(
    session: Session,
    actor: Actor,
    technician_id: UUID,
    client_id: UUID,
    mark: Mark | None,
    *,
    reason: str | None = None,
    now: datetime,
) -> list[UUID]:
    """A technician marks a client, or takes their mark back; of a block the assignments that stand, told to them alone.

    Raises as `mark_client`.
    """
    mark_client(session, actor, technician_id, client_id, mark, reason=reason, now=now)
    if mark != "block":
        return []
    decline_offers(session, actor, client_id, technician_id, now=now)
    return [row.id for row in future_assignments(session, client_id, technician_id, now=now)]
