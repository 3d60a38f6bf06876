"""How does one of the staff go? Sign-in, name and key at once, then their words; what they did stays, by their id.

Disputes that they were named to decide are somebody else's from then on. Nothing that they handed in for a client's
work goes: it is the client's.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.money.deciders import hand_on
from dispatch.privacy.asking import hold_staff, tell
from dispatch.privacy.blocking import find_staff_blockers
from dispatch.privacy.holdings import STAFF
from dispatch.privacy.leaving import hold_leaving
from dispatch.privacy.steps import erase_at_once, erase_the_rest, hold_what_lets_in, note, postpone
from dispatch.record.persons import destroy_key
from dispatch.record.session import ENGINE
from dispatch.record.tables import ErasureRow


def erase_staff(session: Session, erasure: ErasureRow, now: datetime) -> None:
    """The next step of an erasure of one of the staff, which is held."""
    if "person" in erasure.progress:
        _erase_words(session, erasure, now)
    else:
        _erase_person(session, erasure, now)


def _erase_person(session: Session, erasure: ErasureRow, now: datetime) -> None:
    assert erasure.staff_id is not None
    hold_leaving(session)
    hold_what_lets_in(session, STAFF, erasure.staff_id)
    person = hold_staff(session, erasure.staff_id)
    blockers = find_staff_blockers(session, person.id)
    if blockers:
        postpone(session, erasure, blockers, now)
        return
    erase_at_once(session, STAFF, person.id)
    session.expire(person)
    hand_on(session, ENGINE, person.id, now=now)
    destroy_key(session, person.id, of="staff", now=now)
    note(session, erasure, {"person": 1, "files": 1, "num_files": 0}, now)
    session.flush()
    tell(session, ENGINE, erasure, "staff_erased", {}, now)


def _erase_words(session: Session, erasure: ErasureRow, now: datetime) -> None:
    assert erasure.staff_id is not None
    hold_staff(session, erasure.staff_id)
    erase_the_rest(session, STAFF, erasure, erasure.staff_id, now)
