"""What did a person say about how they want to hear? Read and changed by themselves."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.messages.adapters.push import is_push_address
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import StaffRow, TechnicianRow

#: Browsers of one person; the oldest goes.
MAX_DEVICES = 5
#: What only staff say here; a technician says it in the profile.
_OF_STAFF = ("quiet", "time_zone", "phone")


def find_person(session: Session, actor: Actor, *, hold: bool = False) -> TechnicianRow | StaffRow:
    """The row of whoever asks; held until the transaction ends, if it is to change. Runs as the engine.

    Raises
    ------
    Refused
        When the key speaks for no person: one of a program, a company, a gateway.
    """
    lock: Any = {"key_share": True} if hold else None
    person: TechnicianRow | StaffRow | None = (
        session.get(TechnicianRow, actor.technician_id, with_for_update=lock)
        if actor.technician_id is not None
        else session.get(StaffRow, actor.id, with_for_update=lock)
    )
    if person is None or actor.kind in ("company", "gateway"):
        raise Refused("this key belongs to no person; use one that was made for a member of staff", ("only_people",))
    return person


def change_wishes(
    session: Session, actor: Actor, person: TechnicianRow | StaffRow, changes: Mapping[str, Any], *, now: datetime
) -> None:
    """Change what is named; None takes a wish back. The caller holds the row.

    Raises
    ------
    BadInput
        When a value cannot be used, or a technician says here what stands in the profile.
    """
    if isinstance(person, TechnicianRow) and (theirs := [name for name in _OF_STAFF if name in changes]):
        raise BadInput(theirs[0], changes[theirs[0]], "change it in your profile: PATCH /v1/technicians/{id}")
    _check(changes)
    document = {**person.preferences}
    for name, value in changes.items():
        if name == "phone" and isinstance(person, StaffRow):
            person.phone = value
        elif name == "channels" and value is not None:
            document["channels"] = {**document.get("channels", {}), **value}
        elif value is None:
            document.pop(name, None)
        else:
            document[name] = value
    _keep(session, actor, person, document, sorted(changes), now)


def add_device(
    session: Session, actor: Actor, person: TechnicianRow | StaffRow, device: Mapping[str, str], *, now: datetime
) -> None:
    """Have pushes sent to a browser too. The caller holds the row.

    Raises
    ------
    BadInput
        When the address is none of a push service.
    """
    if not is_push_address(device["endpoint"]):
        raise BadInput("endpoint", device["endpoint"], "send the subscription as the browser made it")
    others = [each for each in person.preferences.get("devices", ()) if each["endpoint"] != device["endpoint"]]
    document = {**person.preferences, "devices": [*others, dict(device)][-MAX_DEVICES:]}
    _keep(session, actor, person, document, ["devices"], now)


def remove_device(session: Session, actor: Actor, person: TechnicianRow | StaffRow, id_: str, *, now: datetime) -> None:
    """Send nothing to a browser any more. The caller holds the row.

    Raises
    ------
    NotFound
        When the person has no such one.
    """
    devices = person.preferences.get("devices", ())
    kept = [each for each in devices if device_id(each) != id_]
    if len(kept) == len(devices):
        raise NotFound("device", id_)
    _keep(session, actor, person, {**person.preferences, "devices": kept}, ["devices"], now)


def device_id(device: Mapping[str, str]) -> str:
    """How a browser is named where its address must not be."""
    return hashlib.sha256(device["endpoint"].encode()).hexdigest()[:16]


def device_host(device: Mapping[str, str]) -> str:
    """Whose browser it is, as far as its address tells."""
    return urlsplit(device["endpoint"]).hostname or ""


def _check(changes: Mapping[str, Any]) -> None:
    zone = changes.get("time_zone")
    if zone is not None and zone not in available_timezones():
        raise BadInput("time_zone", zone, "name a zone such as America/Chicago")
    for group, channels in (changes.get("channels") or {}).items():
        if len(set(channels)) != len(channels):
            raise BadInput(f"channels.{group}", ", ".join(channels), "name each channel once")


def _keep(
    session: Session,
    actor: Actor,
    person: TechnicianRow | StaffRow,
    document: dict[str, Any],
    fields: list[str],
    now: datetime,
) -> None:
    person.preferences = document
    session.flush()
    data: dict[str, Any] = {"fields": fields}
    if isinstance(person, TechnicianRow):
        record(session, actor, ("technician", person.id), "preferences_set", data, client_id=None, now=now)
    else:
        # The operator's people belong to no client; their events stand with the network's.
        subject = person.client_id or person.id
        told = {**data, "staff": str(person.id)}
        record(session, actor, ("client", subject), "preferences_set", told, client_id=person.client_id, now=now)
