"""What does somebody's calendar show? Their work, at a secret address that they make and end (iCalendar, RFC 5545).

The address is shown once; of its secret only a hash is kept, among their wishes, and goes with them.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import NotFound
from dispatch.jobs.reading import is_work
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, TechnicianRow

#: What is shown: a month back, and a year ahead.
_BACK, _AHEAD = timedelta(days=31), timedelta(days=366)
#: Bytes of a line; longer ones are folded.
_LINE = 75
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of work as a calendar tells it."""

    id: UUID
    version: int
    title: str
    place: str
    start_at: datetime
    end_at: datetime
    is_confirmed: bool


def make_feed(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> str:
    """A secret for the address of somebody's calendar; the one before opens nothing any more. Runs as the engine."""
    secret = secrets.token_urlsafe(32)
    kept = {"hash": _hash(secret), "made_at": now.astimezone(UTC).isoformat()}
    _keep(session, actor, technician_id, kept, "calendar_made", now)
    return secret


def end_feed(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> None:
    """Nobody reads the calendar any more. Runs as the engine."""
    if feed_made_at(session, technician_id) is None:
        raise NotFound("calendar", technician_id)
    _keep(session, actor, technician_id, None, "calendar_ended", now)


def feed_made_at(session: Session, technician_id: UUID) -> datetime | None:
    """Since when the address of now opens the calendar; None: there is none."""
    kept = session.get_one(TechnicianRow, technician_id).preferences.get("calendar")
    return datetime.fromisoformat(kept["made_at"]) if kept else None


def read_feed(session: Session, technician_id: UUID, secret: str, *, now: datetime) -> list[Entry]:
    """What the calendar at this address shows, the earliest first. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such address, or not any more.
    """
    technician = session.get(TechnicianRow, technician_id)
    kept = technician.preferences.get("calendar") if technician is not None else None
    if not hmac.compare_digest(_hash(secret), kept["hash"] if kept else ""):
        raise NotFound("calendar", technician_id)
    rows = session.execute(
        select(AssignmentRow, JobRow.title, SiteRow)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.end_at > now - _BACK,
            AssignmentRow.start_at < now + _AHEAD,
            is_work(),
        )
        .order_by(AssignmentRow.start_at, AssignmentRow.id)
    )
    return [_entry(work, title, site) for work, title, site in rows]


def write_calendar(entries: Sequence[Entry], *, name: str, now: datetime) -> str:
    """The entries as iCalendar. Pure."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Truckroll//Work//EN", "METHOD:PUBLISH"]
    lines += [f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M"]
    for each in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{each.id}@truckroll",
            f"DTSTAMP:{_time(now)}",
            f"SEQUENCE:{each.version}",
            f"DTSTART:{_time(each.start_at)}",
            f"DTEND:{_time(each.end_at)}",
            f"SUMMARY:{_text(each.title)}",
            f"LOCATION:{_text(each.place)}",
            f"STATUS:{'CONFIRMED' if each.is_confirmed else 'TENTATIVE'}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _entry(work: AssignmentRow, title: str, site: SiteRow) -> Entry:
    street = [site.name, site.address, site.town, f"{site.region} {site.postcode}"]
    is_confirmed = work.confirmed_at is not None or work.checked_in_at is not None or work.state == "finished"
    place = ", ".join(each for each in street if each)
    return Entry(work.id, work.terms_version, title, place, work.start_at, work.end_at, is_confirmed)


def _keep(
    session: Session, actor: Actor, technician_id: UUID, kept: dict[str, Any] | None, kind: str, now: datetime
) -> None:
    person = session.get_one(TechnicianRow, technician_id, with_for_update={"key_share": True})
    others = {name: value for name, value in person.preferences.items() if name != "calendar"}
    person.preferences = others if kept is None else {**others, "calendar": kept}
    session.flush()
    record(session, actor, ("technician", technician_id), kind, {}, client_id=None, now=now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """Words as a value: what would end the line, or begin another property, is escaped or gone."""
    plain = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in plain if each == "\n" or each.isprintable()).translate(_ESCAPED)


def _folded(line: str) -> str:
    """A line in pieces of at most 75 bytes, none of which ends inside a letter."""
    pieces, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LINE:
            pieces.append(" ")
            size = 1
        pieces[-1] += letter
        size += width
    return "\r\n".join(pieces)
