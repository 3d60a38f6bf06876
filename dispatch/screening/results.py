"""The vendor answers: each answer is taken once, and an older one never undoes a newer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import CredentialRow
from dispatch.record.tables.talent import ENDED_PROOFS
from dispatch.screening.ordering import COUNTS_FOR
from dispatch.screening.protocol import STATUSES, Result
from dispatch.talent.credentials import move_credential
from dispatch.talent.proofs import checked_facts
from dispatch.talent.rights import hold_technician


def take_result(session: Session, vendor: str, result: Result, *, now: datetime) -> str:
    """Take an answer: what became of it (`taken`, `already_taken`, `too_late`). Runs as the engine.

    Clear verifies the proof. Adverse only marks it for a person: nobody is turned away by a machine, and what they
    hold goes on until a person has heard them (`dispatch/visits/removals.py`).

    Raises
    ------
    BadInput
        The status is unknown, or a clear result names no searches or no day of issue.
    NotFound
        No such screening was ordered of this vendor.
    """
    if result.status not in STATUSES:
        raise BadInput("status", result.status, f"send one of {', '.join(STATUSES)}")
    row = _hold(session, vendor, result.ref)
    assert row.vendor_seq is not None, "a constraint keeps vendor, ref and seq together"
    if result.seq <= row.vendor_seq:
        return "already_taken"
    row.vendor_seq = result.seq
    session.flush()
    if row.state in ENDED_PROOFS:
        return "too_late"
    if result.status == "clear" and row.state == "submitted":
        _verify(session, row, result, now)
    else:
        _mark(session, row, result, now)
    return "taken"


def _hold(session: Session, vendor: str, ref: str) -> CredentialRow:
    which = (CredentialRow.vendor == vendor, CredentialRow.vendor_ref == ref)
    technician_id: UUID | None = session.scalar(select(CredentialRow.technician_id).where(*which))
    if technician_id is None:
        raise NotFound("screening", ref)
    hold_technician(session, ENGINE, technician_id)
    wanted = select(CredentialRow).where(*which).with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one()


def _verify(session: Session, row: CredentialRow, result: Result, now: datetime) -> None:
    if result.issued_on is None:
        raise BadInput("issued_on", None, "say on which day the report was issued")
    facts = checked_facts("background_check", {"scope": list(result.scope), "issued_on": result.issued_on.isoformat()})
    until = result.valid_until or result.issued_on + COUNTS_FOR
    if not result.issued_on <= until:
        raise BadInput("valid_until", until.isoformat(), "give a last day that is not before the day of issue")
    row.facts = {}  # what it said before
    move_credential(
        session,
        ENGINE,
        row.id,
        "verify",
        told={"vendor": row.vendor, "seq": result.seq},
        now=now,
        facts=facts,
        valid_from=result.issued_on,
        valid_until=until,
    )


def _mark(session: Session, row: CredentialRow, result: Result, now: datetime) -> None:
    row.facts = {**row.facts, "result": result.status}
    session.flush()
    told = {"technician": str(row.technician_id), "vendor": row.vendor, "seq": result.seq}
    record(session, ENGINE, ("credential", row.id), "screened", told, client_id=None, now=now)
