"""What do new events change in outcomes and reputations? Kept in step with the record, a second behind it.

Outcomes are never counted up: for each assignment that an event touched, they are made anew from all of its events. So
doing it twice changes nothing, and what is kept equals what anybody works out from the events alone (`rebuild`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from dispatch.record.tables import AssignmentRow, CursorRow, OutcomeRow, ReviewRow, SlotRow, TechnicianRow
from dispatch.reputation.reckoning import reckon
from matching.outcomes import Happened, Work, outcomes_of
from matching.reputation import Outcome, ReputationPolicy

#: The row of `cursors` that says how far the outcomes have come.
CURSOR = "reputation"
#: About how many events are worked off at a time; a transaction's events always together.
_BATCH = 1_000


def project(session: Session, now: datetime, *, policy: ReputationPolicy | None = None) -> int:
    """Work off the events that committed since the last call: how many technicians' outcomes changed. As the engine.

    Does nothing while another is at work. Only below the oldest transaction still running, where nothing can appear.
    """
    if not session.execute(_TRY_LOCK, {"cursor": CURSOR}).scalar_one():
        return 0
    session.execute(insert(CursorRow).values(name=CURSOR, below_xid=text("'0'::xid8")).on_conflict_do_nothing())
    below = session.execute(_BOUND, {"cursor": CURSOR, "batch": _BATCH}).scalar_one()
    touched = set(session.scalars(_TOUCHED, {"cursor": CURSOR, "below": below}))
    changed = keep_outcomes(session, touched, policy or ReputationPolicy()) if touched else set()
    reckon(session, changed, now=now)
    session.execute(_MOVE, {"cursor": CURSOR, "below": below})
    return len(changed)


def keep_outcomes(session: Session, assignments: Collection[UUID], policy: ReputationPolicy) -> set[UUID]:
    """Make the outcomes of these assignments anew and keep them: the technicians of whom something changed.

    Their technicians are held first, ascending: what refers to assignments is written after.
    """
    made = rebuild(session, assignments, policy)
    kept: dict[UUID, set[Outcome]] = defaultdict(set)
    for row in session.scalars(select(OutcomeRow).where(OutcomeRow.assignment_id.in_(assignments))):
        kept[row.assignment_id].add(_as_made(row))
    changed = {work: outcomes for work, outcomes in made.items() if kept[work[0]] != set(outcomes)}
    technicians = {technician for _, technician, _ in changed}
    session.execute(
        select(TechnicianRow.id)
        .where(TechnicianRow.id.in_(technicians))
        .order_by(TechnicianRow.id)
        .with_for_update(key_share=True)
    )
    session.execute(delete(OutcomeRow).where(OutcomeRow.assignment_id.in_([work[0] for work in changed])))
    rows = [_values(work, outcome) for work, outcomes in sorted(changed.items()) for outcome in outcomes]
    if rows:
        session.execute(insert(OutcomeRow), rows)
    return technicians


def rebuild(
    session: Session, assignments: Collection[UUID], policy: ReputationPolicy
) -> dict[tuple[UUID, UUID, UUID], list[Outcome]]:
    """From events alone: the outcomes of each (assignment, technician, client). Observers have none."""
    ids = sorted(assignments)
    works = session.execute(_WORKS.where(AssignmentRow.id.in_(ids), ~SlotRow.is_observer)).all()
    events = _events(session, ids)
    answers = _answers(session, ids)
    return {
        (work.id, work.technician_id, work.client_id): outcomes_of(
            Work(work.id, work.is_lead or work.is_alone, work.hand_back_until),
            events[work.id],
            answers[work.id],
            policy,
        )
        for work in works
    }


def _as_made(row: OutcomeRow) -> Outcome:
    return Outcome(row.event_id, row.part, row.kind, row.value, row.at, row.severity, row.why_not)


def _values(work: tuple[UUID, UUID, UUID], outcome: Outcome) -> dict[str, object]:
    assignment, technician, client = work
    of = {"assignment_id": assignment, "technician_id": technician, "client_id": client}
    names = ("event_id", "part", "kind", "value", "at", "severity", "why_not")
    return of | {name: getattr(outcome, name) for name in names}


def _events(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, list[Happened]]:
    """By assignment: the events of it, of its visit and of its job that outcomes are made of, as they happened."""
    found: dict[UUID, list[Happened]] = defaultdict(list)
    for row in session.execute(_EVENTS, {"ids": list(ids)}):
        found[row.assignment_id].append(Happened(row.id, row.subject_kind, row.kind, row.actor_kind, row.at, row.data))
    return found


def _answers(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, dict[UUID, str]]:
    """By assignment: how the appeals against its outcomes stand, by the event appealed against."""
    found: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    appeals = select(ReviewRow).where(ReviewRow.about == "outcome", ReviewRow.assignment_id.in_(ids))
    for row in session.scalars(appeals):
        assert row.assignment_id is not None, "asked for these"
        assert row.event_id is not None, "an appeal names its event (ck_reviews_about_something)"
        found[row.assignment_id][row.event_id] = row.state
    return found


#: Whose word counts where no lead was named: whoever has the visit alone.
_OTHERS = aliased(SlotRow)
_IS_ALONE = (
    select(func.count() == 1)
    .where(_OTHERS.visit_id == AssignmentRow.visit_id, ~_OTHERS.is_observer)
    .correlate(AssignmentRow)
    .scalar_subquery()
)


def is_word_that_counts() -> ColumnElement[bool]:
    """The condition, of an assignment and its slot, that how the visit ended is said by whoever has it."""
    return ~SlotRow.is_observer & (SlotRow.is_lead | _IS_ALONE)


_WORKS = select(
    AssignmentRow.id,
    AssignmentRow.technician_id,
    AssignmentRow.client_id,
    AssignmentRow.hand_back_until,
    SlotRow.is_lead,
    _IS_ALONE.label("is_alone"),
).join(SlotRow, SlotRow.id == AssignmentRow.slot_id)

_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll outcomes'), hashtext(:cursor))")

_BOUND = text("""
SELECT coalesce(
    (SELECT (max(xid)::text::numeric + 1)::text FROM (
        SELECT e.xid FROM events e, cursors c
        WHERE c.name = :cursor AND e.xid >= c.below_xid AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY e.xid LIMIT :batch
    ) next HAVING count(*) = :batch),
    pg_snapshot_xmin(pg_current_snapshot())::text)
""")

_TOUCHED = text("""
WITH new AS MATERIALIZED (
    SELECT e.client_id, e.subject_kind, e.subject_id, e.kind, e.data FROM events e, cursors c
    WHERE c.name = :cursor AND e.xid >= c.below_xid AND e.xid < CAST(:below AS xid8)
)
SELECT a.id FROM new JOIN assignments a ON a.id = new.subject_id
WHERE new.subject_kind = 'assignment' AND new.kind IN ('made', 'changed', 'released')
UNION SELECT a.id FROM new JOIN assignments a ON a.visit_id = new.subject_id
WHERE new.subject_kind = 'visit' AND new.kind IN ('checked_in', 'checked_out', 'ratings_shown', 'lead_changed')
UNION SELECT a.id FROM new JOIN assignments a ON a.client_id = new.client_id AND a.job_id = new.subject_id
WHERE new.subject_kind = 'job' AND new.kind IN ('sent_back', 'approved')
UNION SELECT a.id FROM new JOIN assignments a ON a.id = CAST(new.data->>'assignment' AS uuid)
WHERE new.subject_kind IN ('appeal', 'excuse') OR new.subject_kind = 'dispute' AND new.kind IN ('opened', 'decided')
""")

_MOVE = text("UPDATE cursors SET below_xid = CAST(:below AS xid8) WHERE name = :cursor")

_EVENTS = text("""
WITH work AS MATERIALIZED (
    SELECT id, visit_id, job_id FROM assignments WHERE id = ANY(CAST(:ids AS uuid[]))
), told AS (
    SELECT w.id AS assignment_id, e.* FROM work w JOIN events e
        ON e.subject_kind = 'assignment' AND e.subject_id = w.id AND e.kind IN ('made', 'changed', 'released')
    UNION ALL SELECT w.id, e.* FROM work w JOIN events e
        ON e.subject_kind = 'visit' AND e.subject_id = w.visit_id
        AND e.kind IN ('checked_in', 'checked_out', 'ratings_shown')
    UNION ALL SELECT w.id, e.* FROM work w JOIN events e
        ON e.subject_kind = 'job' AND e.subject_id = w.job_id AND e.kind IN ('sent_back', 'approved')
    UNION ALL SELECT w.id, e.* FROM work w JOIN payments p ON p.assignment_id = w.id
        JOIN disputes d ON d.payment_id = p.id JOIN events e
        ON e.subject_kind = 'dispute' AND e.subject_id = d.id AND e.kind IN ('opened', 'decided')
    UNION ALL SELECT w.id, e.* FROM work w JOIN reviews r ON r.assignment_id = w.id AND r.about = 'excuse'
        JOIN events e ON e.subject_kind = 'excuse' AND e.subject_id = r.id
)
SELECT assignment_id, id, subject_kind, kind, actor_kind, at, data FROM told ORDER BY assignment_id, at, id
""")
