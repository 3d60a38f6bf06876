"""How does a technician go? Sign-in, work and key at once; then files and words, step by step, until nothing is left.

The first step is one transaction under the technician's lock: nobody takes work, signs in or is asked any more, what
they are called is overwritten, and the key that sealed what they wrote and handed in is destroyed, out of every backup
too. Events hold ids only and stay, so chains and seals still verify; the ledger stays, so the books still balance; of
their name and tax form is kept what the tax law asks for, for its time.
"""

import json
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from dispatch.files.storing import FileStore
from dispatch.privacy.asking import note_late
from dispatch.privacy.blocking import find_blockers
from dispatch.privacy.former import erase_staff
from dispatch.privacy.holdings import TECHNICIANS
from dispatch.privacy.steps import erase_at_once, erase_the_rest, hold_what_lets_in, note, postpone
from dispatch.record.events import record
from dispatch.record.persons import destroy_key
from dispatch.record.session import ENGINE
from dispatch.record.tables import (
    CredentialKindRow,
    CredentialRow,
    DocumentRow,
    ErasureRow,
    FileRow,
    PayoutRow,
    PersonKeyRow,
    ReviewRow,
    TechnicianRow,
)
from dispatch.reputation.reviews import SUBJECTS
from dispatch.talent.rights import hold_technician
from dispatch.visits.lapses import withdraw_all

_FILES = 50


def tend(session: Session, store: FileStore, *, tax_kept_years: int, now: datetime) -> int:
    """What the courier does for persons now and then: a step of an erasure, what its time is over for, what is late."""
    erased = erase_next(session, store, tax_kept_years=tax_kept_years, now=now)
    return erased + forget_kept(session, now) + note_late(session, now)


def erase_next(session: Session, store: FileStore, *, tax_kept_years: int, now: datetime) -> int:
    """Do one step of one erasure that is due: 1, or 0 where none is. Several may work at once. Runs as the engine."""
    erasure = session.scalars(
        select(ErasureRow)
        .where(ErasureRow.state == "granted", ErasureRow.next_at <= now)
        .order_by(ErasureRow.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if erasure is None:
        return 0
    if erasure.staff_id is not None:
        erase_staff(session, erasure, now)
    elif "person" not in erasure.progress:
        _erase_person(session, erasure, tax_kept_years, now)
    elif "files" not in erasure.progress:
        _erase_files(session, store, erasure, now)
    else:
        _erase_records(session, erasure, now)
    return 1


def forget_kept(session: Session, now: datetime) -> int:
    """Forget of those erased what the law asked for, when its time is over: of how many."""
    over = update(PersonKeyRow).where(PersonKeyRow.kept_until <= now).values(kept=None, kept_until=None)
    return len(session.scalars(over.returning(PersonKeyRow.person_id)).all())


def _erase_person(session: Session, erasure: ErasureRow, tax_kept_years: int, now: datetime) -> None:
    assert erasure.technician_id is not None
    hold_what_lets_in(session, TECHNICIANS, erasure.technician_id)
    person = hold_technician(session, ENGINE, erasure.technician_id)
    blockers = find_blockers(session, person.id)
    if blockers:
        postpone(session, erasure, blockers, now)
        return
    withdraw_all(session, ENGINE, person.id, now=now)
    _end_reviews(session, person.id, now)
    kept, until = _kept_by_law(session, person, tax_kept_years)
    session.flush()
    destroy_key(session, person.id, kept, until, now=now)
    erase_at_once(session, TECHNICIANS, person.id)
    session.expire(person)
    told = {"erasure": str(erasure.id), "tax_kept_until": until.isoformat() if until else None}
    note(session, erasure, {"person": 1}, now)
    record(session, ENGINE, ("technician", person.id), "erased", told, client_id=None, now=now)


def _erase_files(session: Session, store: FileStore, erasure: ErasureRow, now: datetime) -> None:
    """Remove the bytes of what they handed in, so many a call."""
    whose = erasure.technician_id
    mine = (FileRow.uploaded_by_kind == "technician") & (FileRow.uploaded_by == whose) & FileRow.erased_at.is_(None)
    files = session.scalars(select(FileRow).where(mine).order_by(FileRow.id).limit(_FILES)).all()
    for row in files:
        store.remove(row.client_id, row.id)
        row.erased_at = now
    num = erasure.progress.get("num_files", 0) + len(files)
    if len(files) < _FILES:
        pages = session.execute(
            select(DocumentRow.credential_id, DocumentRow.id)
            .join(CredentialRow, CredentialRow.id == DocumentRow.credential_id)
            .where(CredentialRow.technician_id == whose)
        ).all()
        for credential_id, document_id in pages:
            store.remove(credential_id, document_id)
        note(session, erasure, {"num_files": num + len(pages), "files": 1}, now)
    else:
        note(session, erasure, {"num_files": num}, now)


def _erase_records(session: Session, erasure: ErasureRow, now: datetime) -> None:
    assert erasure.technician_id is not None
    hold_technician(session, ENGINE, erasure.technician_id)
    erase_the_rest(session, TECHNICIANS, erasure, erasure.technician_id, now)


def _end_reviews(session: Session, technician_id: UUID, now: datetime) -> None:
    """What a person was to look at ends with them: there is nobody left to answer. An excuse of theirs holds."""
    ended = (
        update(ReviewRow)
        .where(ReviewRow.technician_id == technician_id, ReviewRow.state == "open")
        .values(state=case((ReviewRow.about == "excuse", "unanswered"), else_="rejected"), decided_at=now)
        .returning(ReviewRow.id, ReviewRow.client_id, ReviewRow.about)
    )
    for id_, client_id, about in session.execute(ended).all():
        record(session, ENGINE, (SUBJECTS[about], id_), "erased", client_id=client_id, now=now)


def _kept_by_law(session: Session, person: TechnicianRow, years: int) -> tuple[bytes | None, datetime | None]:
    """Name and tax form of whoever was paid, until so many years after the year of the last payment."""
    last = session.scalar(select(func.max(PayoutRow.settled_at)).where(PayoutRow.technician_id == person.id))
    if last is None or years == 0:
        return None, None
    forms = session.execute(
        select(CredentialRow.kind, CredentialRow.facts)
        .join(CredentialKindRow, CredentialKindRow.code == CredentialRow.kind)
        .where(CredentialRow.technician_id == person.id, CredentialKindRow.family == "tax_form")
    ).all()
    document = {"name": person.name, "tax_forms": [{"kind": kind, "facts": facts} for kind, facts in forms]}
    return json.dumps(document).encode(), datetime(last.year + 1 + years, 1, 1, tzinfo=UTC)
