"""Which guard of the database refused a statement? By its name, never by the words of the message."""

from sqlalchemy.exc import DBAPIError

#: The technician has another place on this visit, or is booked at that time after all.
NOT_FREE = frozenset({"uq_slots_visit_id_technician_id", "ex_bookings_no_overlap"})
#: The client was suspended meanwhile.
NOT_APPROVED = frozenset({"offers_of_approved", "assignments_of_approved"})


def guard_of(error: DBAPIError) -> str:
    """The name of the constraint, unique index or trigger that refused; empty where none did."""
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
