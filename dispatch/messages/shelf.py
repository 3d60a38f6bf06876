"""What do the scenes of a few notices have in common? Their rows, read a table at a time.

A wave has some hundred readers and one job: read for each alone, its rows were most of what a delivery asked of the
database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    EventRow,
    JobRow,
    NoticeRow,
    OfferRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
)
from dispatch.record.tables.base import Base


@dataclass(slots=True)
class Shelf:
    """Rows at hand. A session forgets a row that nobody holds: hold on to the shelf while scenes are read."""

    rows: list[Base] = field(default_factory=list)
    slots: dict[tuple[UUID, str | None], SlotRow | None] = field(default_factory=dict)

    def slot(self, session: Session, visit_id: UUID, role: str | None) -> SlotRow | None:
        """The visit's first slot, of this role if one is given; looked up once."""
        key = (visit_id, role)
        if key not in self.slots:
            slots = select(SlotRow).where(SlotRow.visit_id == visit_id).order_by(SlotRow.num)
            if role is not None:
                slots = slots.where(SlotRow.role == role)
            self.slots[key] = session.scalars(slots.limit(1)).one_or_none()
        return self.slots[key]

    def take(self, session: Session, table: type[Any], ids: Iterable[Any]) -> list[Any]:
        """Read these rows of a table, those that are there, and keep them at hand."""
        wanted = {each if isinstance(each, UUID) else UUID(each) for each in ids if each}
        found = session.scalars(select(table).where(table.id.in_(wanted))).all() if wanted else []
        self.rows += found
        return list(found)


def shelve(session: Session, notices: Sequence[NoticeRow]) -> Shelf:
    """Read what the scenes of these notices will ask for; what is missing here, they look up themselves."""
    shelf = Shelf()
    events = shelf.take(session, EventRow, (each.event_id for each in notices))
    told = [each.data for each in notices] + [each.data for each in events]
    told += [{each.subject_kind: str(each.subject_id)} for each in events]

    def named(name: str) -> list[Any]:
        return [data.get(name) for data in told]

    asked = shelf.take(session, OfferRow, named("offer")) + shelf.take(session, AssignmentRow, named("assignment"))
    shelf.take(session, TechnicianRow, [*(each.technician_id for each in asked), *named("technician")])
    shelf.take(session, VisitRow, [*(each.visit_id for each in asked), *named("visit")])
    jobs = shelf.take(session, JobRow, [*(each.job_id for each in asked), *(each.job_id for each in notices)])
    shelf.take(session, SiteRow, (each.site_id for each in jobs))
    shelf.take(session, ClientRow, (each.client_id for each in notices))
    return shelf
