"""How far is each technician, and so the visit? Every move of one technician, by one guarded statement.

Presence is kept by assignment: `assigned, confirmed, on_the_way, checked_in, stepped_out, checked_out`. The visit is as
far as the first of those who are on it, so it is checked in at the first check-in. It is checked out with the
check-out after which nobody is in or has stepped out, and the last word has been said: by a lead who has checked out,
or, where no lead is still to come, by the last of those who were there. How the visit ended is what a lead says; what
a helper says holds only where no lead says anything. Observers look on: nothing waits for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.lifecycle import NOT_THERE_YET, PRESENCE, VISIT, move, states_with, visit_state
from dispatch.jobs.reading import is_work
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, SlotRow, VisitRow
from dispatch.visits.finding import find_own_assignment


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a technician's presence, and of the visit."""

    assignment_id: UUID
    presence: str
    visit_id: UUID
    visit_state: str
    next_visit_id: UUID | None = None


def advance(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    wish: str,
    technician_id: UUID | None,
    *,
    now: datetime,
    values: dict[str, Any] | None = None,
) -> AssignmentRow:
    """Move one technician on a visit: their assignment, as it is then. Runs as the engine.

    `technician_id` may be left out by the technician, and where only one is on the visit. The sweep looks at the
    assignment again at once.

    Raises
    ------
    NotFound, BadInput
        As `find_own_assignment`.
    Conflict
        When their presence does not allow it, or the visit is no longer theirs.
    """
    assignment = find_own_assignment(session, actor, visit_id, technician_id)
    presence = move(PRESENCE, assignment.presence, wish)
    moved = session.scalars(
        update(AssignmentRow)
        .where(
            AssignmentRow.id == assignment.id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(states_with(PRESENCE, wish)),
        )
        .values(presence=presence, watch_at=now, **(values or {}))
        .returning(AssignmentRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if moved is None:
        session.refresh(assignment)
        state = assignment.presence if assignment.state == "live" else assignment.state
        raise Conflict(state, wish, tuple(PRESENCE.get(state, ())))
    return moved


def follow(session: Session, visit_id: UUID, wish: str) -> VisitRow:
    """Bring the visit to where its technicians are; holds its row.

    Raises
    ------
    Conflict
        When the visit has ended.
    """
    visit = lock_visit(session, visit_id)
    if not VISIT[visit.state]:
        raise Conflict(visit.state, wish)
    there = session.scalars(
        select(AssignmentRow.presence).where(
            AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live", is_work()
        )
    )
    visit.state = visit_state(there)
    session.flush()
    return visit


def lock_visit(session: Session, visit_id: UUID) -> VisitRow:
    """The visit, held and as it stands now.

    Not for a change of its key: whoever writes what refers to it shares that, and would wait for us as we for them.
    """
    return session.scalars(
        select(VisitRow)
        .where(VisitRow.id == visit_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def is_over(session: Session, visit_id: UUID) -> bool:
    """Whether the visit has ended with the check-out that was just made; the caller holds the visit."""
    rows = session.execute(
        select(AssignmentRow.presence, SlotRow.is_lead)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live", ~SlotRow.is_observer)
    ).all()
    return is_said([(row.presence, row.is_lead) for row in rows])


def is_said(people: Sequence[tuple[str, bool]]) -> bool:
    """From (presence, is_lead) of everyone on the visit."""
    if any(presence in ("checked_in", "stepped_out") for presence, _ in people):
        return False
    leads = [presence for presence, is_lead in people if is_lead]
    return "checked_out" in leads or not any(presence in NOT_THERE_YET for presence in leads)


def tell(
    session: Session,
    actor: Actor,
    kind: str,
    assignment: AssignmentRow,
    state: str,
    *,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    """Record what a technician did on a visit; `state` is the visit's after it."""
    told = {
        "job": str(assignment.job_id),
        "visit": str(assignment.visit_id),
        "assignment": str(assignment.id),
        "technician": str(assignment.technician_id),
        "state": state,
        **(data or {}),
    }
    record(session, actor, ("visit", assignment.visit_id), kind, told, client_id=assignment.client_id, now=now)
