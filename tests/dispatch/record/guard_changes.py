"""The guards' world of changes: to each client's assignment a proposal, a charge and an incident."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def rows_of(own: dict[str, Any], person: dict[str, Any], ids: dict[str, UUID], now: datetime) -> list[Any]:
    """Rows about one assignment: `own` names client, job and visit, `person` technician and company."""
    work = {**own, "assignment_id": ids["assignment"]}
    return [
        t.ProposalRow(
            id=ids["proposal"],
            by_side="client",
            kind="time",
            payload={"start_at": now.isoformat()},
            reason="site_closed",
            terms_version=1,
            made_at=now,
            expires_at=now + timedelta(hours=1),
            **work,
            **person,
        ),
        t.ChargeRow(
            id=ids["charge"],
            kind="trip_charge",
            amount=Decimal("40.00"),
            currency="USD",
            why="customer_closed",
            terms_version=1,
            booked_at=now,
            **work,
            **person,
        ),
        t.IncidentRow(id=ids["incident"], kind="damage", by_kind="dispatcher", reported_at=now, **work),
    ]
