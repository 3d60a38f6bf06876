"""What must hold at any moment, whoever raced whom? Read from the rows alone."""

from sqlalchemy import func, select, text
from worlds import World

from dispatch.record.tables import AssignmentRow, BookingRow, OfferRow, SlotRow


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
