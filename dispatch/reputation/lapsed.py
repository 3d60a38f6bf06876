"""What became of work whose proofs no longer hold, and by what was it judged? As its technician may read it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, select
from sqlalchemy.types import Uuid

from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, EventRow, ReviewRow
from dispatch.visits.lapses import LAPSED


def lapses_of(actor: Actor) -> Select[EventRow, AssignmentRow, UUID]:
    """(event, assignment, review asked for) of each lapse of the actor's own work, or of their company's workers'.

    To be read as the engine: the events are the technician's, the work is its client's.
    """
    return (
        select(EventRow, AssignmentRow, ReviewRow.id)
        .join(AssignmentRow, AssignmentRow.id == EventRow.data["assignment"].astext.cast(Uuid))
        .outerjoin(
            ReviewRow,
            and_(
                ReviewRow.about == "lapse",
                ReviewRow.event_id == EventRow.id,
                ReviewRow.assignment_id == AssignmentRow.id,
            ),
        )
        .where(EventRow.subject_kind == "technician", EventRow.kind == LAPSED, _theirs(actor))
    )


def _theirs(actor: Actor) -> ColumnElement[Any]:
    if actor.technician_id is not None:
        return EventRow.subject_id == actor.technician_id
    if actor.company_id is not None:
        return and_(AssignmentRow.company_id == actor.company_id, EventRow.subject_id == AssignmentRow.technician_id)
    return false()
