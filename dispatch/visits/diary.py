"""What else is in a technician's diary? The same technician, without the one booking that is to be moved."""

import math
from dataclasses import replace

from dispatch.record.tables import BookingRow
from matching.technician import Technician


def without_booking(technician: Technician, booking: BookingRow) -> Technician:
    """The technician as if this booking were not there; none of their others begins at the same moment."""
    assert booking.busy.lower is not None, "a booking has both ends"
    begins_s = math.floor(booking.busy.lower.timestamp())
    others = tuple(each for each in technician.bookings if each.start_s != begins_s)
    return replace(technician, bookings=others)
