"""Until when does the operator's bare word hold that somebody is a US person? A year at most, then it is given anew.

The word counts only while the catalogue has no kind of proof for it. No rule of law names its term: it is the house's,
since nothing tells us when a status changes, and a year is how often people are asked for the rest of their papers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.tables import CredentialKindRow, TechnicianRow
from dispatch.talent.batches import hold_next
from dispatch.talent.credentials import is_cleared_by_proof
from dispatch.talent.profiles import Profile

#: Days that a word holds at most, and where nobody names its last day.
WORD_DAYS = 365


def with_word(
    session: Session, before: Profile | None, after: Profile, changes: Mapping[str, Any], *, now: datetime
) -> Profile:
    """The profile with the last day of the operator's word, where the changes give one or take it back.

    Raises
    ------
    BadInput
        A proof can be had, which says its last day by itself; the day is over, more than a year away, or of nobody.
    """
    is_said = "clearance_until" in changes
    if before is not None and after.clearance == before.clearance and not is_said:
        return after
    if after.clearance == "us_person":
        _check_unproved(session, after.clearance)
    until = last_day_of_word(after.clearance, after.clearance_until if is_said else None, now.astimezone(UTC).date())
    return replace(after, clearance_until=until)


def last_day_of_word(clearance: str, until: date | None, today: date) -> date | None:
    """The last day on which a word holds, a year from today if none is named; None for whoever has none.

    Raises
    ------
    BadInput
        The day is over, or more than a year away; or there is no word that it could end.
    """
    if clearance != "us_person":
        if until is not None:
            raise BadInput("clearance_until", until.isoformat(), "leave it out: only a word that clears has a last day")
        return None
    last = today + timedelta(WORD_DAYS)
    if until is not None and not today <= until <= last:
        way_out = f"give a day from {today} to {last}: nobody's word holds longer than a year"
        raise BadInput("clearance_until", until.isoformat(), way_out)
    return until or last


def hold_words(session: Session, which: ColumnElement[bool]) -> Sequence[UUID]:
    """Hold a batch of those whom a word alone clears, of which this is so: whose, ascending; the first to end first."""
    return hold_next(session, which, TechnicianRow.clearance_until, ~is_cleared_by_proof())


def _check_unproved(session: Session, clearance: str) -> None:
    """A word is not taken where a proof can be had."""
    of_family = CredentialKindRow.family == "clearance"
    proves = session.scalars(select(CredentialKindRow.code).where(of_family).order_by(CredentialKindRow.code)).all()
    if proves:
        way_out = f"hand in and verify a proof of {' or '.join(proves)}: it has a last day, and says so by itself"
        raise BadInput("clearance", clearance, way_out)
