"""The guards' world of reputation: of each client's assignment an outcome and a rating; a review of either kind."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def reputation(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table; Acme's review is of an outcome, Burg's of a decision."""
    own: dict[str, Any] = {"client_id": id_of(name), "technician_id": id_of(asked)}
    assignment, event = id_of(f"{name}.assignment"), id_of(f"{name}.event")
    outcome = t.OutcomeRow(
        assignment_id=assignment, part="kept", event_id=event, kind="begun", value=1.0, severity=1.0, at=now, **own
    )
    rating = t.RatingRow(
        id=id_of(f"{name}.rating"),
        assignment_id=assignment,
        by_side="client",
        stars=5,
        rated_at=now,
        show_at=now,
        shown_at=now,
        **own,
    )
    about: dict[str, Any] = {"about": "outcome", "assignment_id": assignment, "event_id": event}
    if name == "burg":
        about = {"about": "decision", "decision_id": id_of(f"{name}.decision")}
    review = t.ReviewRow(
        id=id_of(f"{name}.review"),
        words="I was there at nine",
        made_at=now,
        due_at=now + timedelta(days=14),
        **about,
        **own,
    )
    return [outcome, rating, review]
