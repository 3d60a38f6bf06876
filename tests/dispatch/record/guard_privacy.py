"""The guards' world of privacy: where somebody was, legal holds, persons' keys, erasures."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t

IdOf = Callable[[str], UUID]


def of_client(id_of: IdOf, name: str, asked: str, now: datetime) -> list[Any]:
    """A position on the way to the client's visit, and a hold on its job."""
    own = {f"{noun}_id": id_of(f"{name}.{noun}") for noun in ("job", "visit", "assignment")}
    position = t.PositionRow(
        id=id_of(f"{name}.position"),
        client_id=id_of(name),
        technician_id=id_of(asked),
        lat=30.0,
        lng=-97.0,
        accuracy_m=12,
        at=now,
        **own,
    )
    hold = t.LegalHoldRow(
        id=id_of(f"{name}.hold"),
        about="job",
        client_id=id_of(name),
        job_id=own["job_id"],
        why="lawsuit",
        until_at=now + timedelta(days=900),
        placed_at=now,
    )
    return [position, hold]


def of_technician(id_of: IdOf, name: str, now: datetime) -> list[Any]:
    """Their key, an erasure that they ask for, and a hold."""
    key = t.PersonKeyRow(person_id=id_of(name), technician_id=id_of(name), sealed=b"sealed", made_at=now)
    asked = t.ErasureRow(
        id=id_of(f"{name}.erasure"), technician_id=id_of(name), asked_at=now, decide_by=now + timedelta(days=30)
    )
    hold = t.LegalHoldRow(
        id=id_of(f"{name}.hold"), about="technician", technician_id=id_of(name), why="lawsuit", placed_at=now
    )
    return [key, asked, hold]


def of_operator(id_of: IdOf, now: datetime) -> list[Any]:
    """The same of the operator's own person."""
    whose = id_of("operator.staff")
    key = t.PersonKeyRow(person_id=whose, staff_id=whose, sealed=b"sealed", made_at=now)
    asked = t.ErasureRow(id=id_of("operator.erasure"), staff_id=whose, asked_at=now, decide_by=now + timedelta(days=30))
    hold = t.LegalHoldRow(id=id_of("operator.hold"), about="staff", staff_id=whose, why="lawsuit", placed_at=now)
    return [key, asked, hold]
