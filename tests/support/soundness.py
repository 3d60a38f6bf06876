"""What must hold at any moment, whoever raced whom? Read from the rows alone."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from worlds import World

from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    ClientRow,
    OfferRow,
    SlotRow,
    TimeEntryRow,
    UsageRow,
)
from matching.usage import by_day


def assert_sound(world: World) -> None:
    """Slots, assignments, bookings and events fit each other."""
    with world.as_engine() as (session, _):
        live = session.execute(
            select(AssignmentRow, SlotRow, BookingRow, OfferRow.state)
            .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
            .join(BookingRow, BookingRow.id == AssignmentRow.booking_id)
            .outerjoin(OfferRow, OfferRow.id == AssignmentRow.offer_id)
            .where(AssignmentRow.state == "live")
        ).all()
        assert len({slot.id for _, slot, _, _ in live}) == len(live), "a slot has two live assignments"
        for assignment, slot, booking, offer_state in live:
            assert slot.state == "filled"
            assert slot.technician_id == assignment.technician_id
            assert booking.live
            assert offer_state == "accepted"
        filled = session.scalar(select(func.count()).where(SlotRow.state == "filled"))
        assert filled == len(live), "a filled slot without an assignment"
        assert session.scalar(select(func.count()).where(BookingRow.live)) == len(live), "a booking without work"
        busy = session.execute(
            text(
                "SELECT count(*) FROM bookings a JOIN bookings b ON a.technician_id = b.technician_id AND a.id < b.id"
                " AND a.busy && b.busy WHERE a.live AND b.live"
            )
        ).scalar_one()
        assert busy == 0, "a technician in two places at once"
        gaps = session.execute(
            text(
                "SELECT count(*) FROM (SELECT max(seq) - count(*) AS d FROM events GROUP BY subject_id) s WHERE d <> 0"
            )
        ).scalar_one()
        assert gaps == 0, "a gap in a chain of events"
        assert_counted(session)


def assert_counted(session: Session) -> None:
    """The hours of each technician with each client are what the assignments and the time logs say."""
    zones = dict(session.execute(select(ClientRow.id, ClientRow.hours_zone)).all())
    expected: dict[tuple[UUID, UUID], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    logged: dict[UUID, list[TimeEntryRow]] = defaultdict(list)
    for entry in session.scalars(select(TimeEntryRow).where(TimeEntryRow.state == "current")):
        logged[entry.assignment_id].append(entry)
    for work in session.scalars(select(AssignmentRow)):
        is_promise = work.state == "live" and work.presence != "checked_out"
        log = [each for each in logged[work.id] if each.kind != "break" and each.ended_at is not None]
        spans = [(work.start_at, work.end_at)] if is_promise else [(each.started_at, each.ended_at) for each in log]
        for start_at, end_at in spans:
            assert end_at is not None
            for day, seconds in by_day(start_at, end_at, zones[work.client_id]).items():
                name = date.fromordinal(day).isoformat()
                expected[work.client_id, work.technician_id][name][is_promise] += seconds
    for row in session.scalars(select(UsageRow)):
        days = {day: both for day, both in expected.pop((row.client_id, row.technician_id), {}).items() if any(both)}
        assert row.days == days, "hours with a client are not what was promised and worked"
        assert (row.worked_s, row.promised_s) == tuple(sum(both[at] for both in days.values()) for at in (0, 1))
    assert not any(expected.values()), "work that was not counted"
