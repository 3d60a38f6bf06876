"""How is a reader reached, and how do they want to be? Looked up when it is needed, kept nowhere else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.messages.occasions import Channel
from dispatch.messages.preferences import Preferences, read_preferences
from dispatch.messages.stopping import stopped
from dispatch.record.tables import DutyShiftRow, SiteRow, StaffRow, TechnicianRow

#: (kind, id): a technician, a member of staff, the contact of a site, of a shift of duty.
Ref = tuple[str, UUID]

#: When the contact of a site, who has set nothing, is not disturbed by what can wait.
_CONTACTS_QUIET = (time(21), time(7))


@dataclass(frozen=True, slots=True)
class Address:
    """Where one channel reaches somebody; `keys` are a browser's."""

    to: str = field(repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """A reader. `zone` None: they never said, so the site's clock is theirs. `is_here`: they have not left."""

    ref: Ref
    name: str
    wishes: Preferences
    addresses: Mapping[Channel, tuple[Address, ...]]
    zone: str | None
    is_here: bool = True

    @property
    def reachable(self) -> tuple[Channel, ...]:
        """The channels that have an address."""
        return tuple(self.addresses)


def read_people(session: Session, refs: Collection[Ref]) -> dict[Ref, Person]:
    """Those of the readers whom the record knows; as the engine."""
    found: dict[Ref, Person] = {}
    for kind, read in (("technician", _technicians), ("staff", _staff), ("contact", _contacts), ("duty", _duty)):
        ids = {id_ for each, id_ in refs if each == kind}
        if ids:
            found |= {person.ref: person for person in read(session, ids)}
    return _as_they_said(session, found)


def _as_they_said(session: Session, people: dict[Ref, Person]) -> dict[Ref, Person]:
    """Without texts for the numbers that said STOP."""
    numbers = {each.to for person in people.values() for each in person.addresses.get("sms", ())}
    gone = stopped(session, numbers)
    for ref, person in people.items():
        if any(each.to in gone for each in person.addresses.get("sms", ())):
            others: dict[Channel, tuple[Address, ...]] = {**person.addresses}
            del others["sms"]
            people[ref] = replace(person, addresses=others)
    return people


def _technicians(session: Session, ids: Collection[UUID]) -> list[Person]:
    rows = session.scalars(select(TechnicianRow).where(TechnicianRow.id.in_(ids)))
    return [_technician(row) for row in rows]


def _technician(row: TechnicianRow) -> Person:
    # Who takes work at night wants to be asked at night: the same switch that the offers follow.
    has_quiet = row.quiet_from is not None and row.quiet_to is not None and not row.works_in_quiet_hours
    quiet = (row.quiet_from, row.quiet_to) if has_quiet else None
    return Person(
        ref=("technician", row.id),
        name=row.name,
        wishes=read_preferences({**row.preferences, "quiet": None}, zone=row.time_zone, quiet=quiet),  # type: ignore[arg-type]
        addresses=_addresses(row.email, row.phone, row.preferences),
        zone=row.time_zone,
        is_here=row.state not in ("left", "erased"),
    )


def _staff(session: Session, ids: Collection[UUID]) -> list[Person]:
    return [
        Person(
            ref=("staff", row.id),
            name=row.name,
            wishes=read_preferences(row.preferences, zone="UTC"),
            addresses=_addresses(row.email, row.phone, row.preferences),
            zone=row.preferences.get("time_zone"),
            is_here=row.left_at is None,
        )
        for row in session.scalars(select(StaffRow).where(StaffRow.id.in_(ids)))
    ]


def _contacts(session: Session, ids: Collection[UUID]) -> list[Person]:
    return [
        Person(
            ref=("contact", row.id),
            name=row.contact_name or row.name,
            wishes=read_preferences({"language": row.contact_language}, zone=row.time_zone, quiet=_CONTACTS_QUIET),
            addresses=_addresses(row.contact_email, row.contact_phone, {}),
            zone=row.time_zone,
        )
        for row in session.scalars(select(SiteRow).where(SiteRow.id.in_(ids)))
    ]


def _duty(session: Session, ids: Collection[UUID]) -> list[Person]:
    """Somebody from outside who has the duty: awake, that is what it means."""
    return [
        Person(
            ref=("duty", row.id),
            name=row.contact_name or "",
            wishes=read_preferences({}, zone=row.time_zone),
            addresses=_addresses(row.contact_email, row.contact_phone, {}),
            zone=row.time_zone,
        )
        for row in session.scalars(select(DutyShiftRow).where(DutyShiftRow.id.in_(ids)))
    ]


def _addresses(email: str | None, phone: str | None, document: Mapping[str, Any]) -> dict[Channel, tuple[Address, ...]]:
    devices = tuple(
        Address(each["endpoint"], {"p256dh": each["p256dh"], "auth": each["auth"]})
        for each in document.get("devices", ())
    )
    found: dict[Channel, tuple[Address, ...]] = {}
    if devices:
        found["push"] = devices
    if phone:
        found["sms"] = found["voice"] = (Address(phone),)
    if email:
        found["mail"] = (Address(email),)
    return found
