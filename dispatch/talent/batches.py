"""Which technicians come next? A batch of those whose time it is, held."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.record.tables import TechnicianRow

_BATCH = 20


def hold_next(
    session: Session, which: ColumnElement[bool], by: InstrumentedAttribute[Any], *also: ColumnElement[bool]
) -> Sequence[UUID]:
    """Hold a batch of those of whom `which` and all of `also` are so: whose, ascending; the first are those by `by`.

    They are locked in the order that everybody keeps; whom somebody else holds is left for another time.
    """
    first = select(TechnicianRow.id).where(which, *also).order_by(by).limit(_BATCH).subquery()
    return session.scalars(
        select(TechnicianRow.id)
        .join(first, first.c.id == TechnicianRow.id)
        # Once more, for whoever was changed at this moment.
        .where(which)
        .order_by(TechnicianRow.id)
        .with_for_update(of=TechnicianRow, key_share=True, skip_locked=True)
    ).all()
