"""What is proved about a technician? Credentials are claimed, submitted, verified, warned of, ended.

Whoever ends one looks at once at what it leaves uncovered: `dispatch/visits/lapses.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.persons import open_words, place_of, seal_words
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import (
    ClientRow,
    CredentialKindRow,
    CredentialRow,
    TechnicianRow,
    new_id,
)
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.proofs import checked_facts
from dispatch.talent.reviews import check_days, check_heard, check_seen, facts_shown, may_review
from dispatch.talent.rights import hold_technician
from dispatch.talent.words import checked_text

#: state -> {wish: (the next state, who may)}; a reviewer is the operator, the client it is for, or the vendor.
MOVES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "claimed": {"submit": ("submitted", "keeper"), "reject": ("rejected", "reviewer")},
    "submitted": {"verify": ("verified", "reviewer"), "reject": ("rejected", "reviewer")},
    "verified": {
        "revoke": ("revoked", "reviewer"),
        "warn": ("expiring", "engine"),
        "expire": ("expired", "engine"),
        "reopen": ("submitted", "engine"),
    },
    "expiring": {
        "revoke": ("revoked", "reviewer"),
        "expire": ("expired", "engine"),
        "reopen": ("submitted", "engine"),
    },
    "expired": {},
    "revoked": {},
    "rejected": {},
}
_KINDS = {
    "submit": "submitted",
    "verify": "verified",
    "reject": "rejected",
    "revoke": "revoked",
    "warn": "expiring",
    "expire": "expired",
    "reopen": "reopened",
}
_STAMPS = {"verify": ("verified_at",), "revoke": ("revoked_at",)}
#: What is sealed of a proof stands here; see `dispatch.record.persons.place_of`.
PLACE = "credential"
#: By when a proof that was handed in is to be reviewed.
REVIEW_WITHIN = timedelta(days=3)
#: Of proofs: clears whoever has it, for everybody.
_CLEARS = (
    CredentialRow.for_client_id.is_(None),
    CredentialRow.state.in_(LIVE_PROOFS),
    CredentialRow.kind.in_(select(CredentialKindRow.code).where(CredentialKindRow.family == "clearance")),
)
#: How far the last clock on Earth is behind UTC.
_LAST_CLOCK = timedelta(hours=12)
#: A wave's index lags by less than this: whom it asked meanwhile is looked at once more.
LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Claim:
    """A proof that somebody says they have; valid from its first through its last day.

    `facts` are those of its kind's family; `for_client_id` is for whom alone it is, None: for everybody.
    """

    kind: str
    valid_from: date
    valid_until: date
    evidence: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    for_client_id: UUID | None = None
    is_submitted: bool = True


def submit_credential(session: Session, actor: Actor, technician_id: UUID, claim: Claim, *, now: datetime) -> UUID:
    """Hand in a proof, or claim one to hand in later; its id. It waits for a reviewer until its due date.

    Raises
    ------
    BadInput
        The kind is not of the catalogue or is signed (`agreements`), the days are not in order or have passed, the
        evidence is empty, a fact is missing or unknown.
    NotFound
        There is no such technician for this actor, or no such client.
    """
    hold_technician(session, actor, technician_id)
    kind = _checked_kind(session, claim, now)
    facts = checked_facts(kind.family, claim.facts) if claim.facts or kind.family == "clearance" else {}
    if claim.for_client_id is not None and session.get(ClientRow, claim.for_client_id) is None:
        raise NotFound("client", claim.for_client_id)
    evidence = checked_text("evidence", claim.evidence or "") if claim.is_submitted else claim.evidence
    state = "submitted" if claim.is_submitted else "claimed"
    due_at = now + REVIEW_WITHIN if claim.is_submitted else None
    return insert_credential(
        session, actor, technician_id, claim, state=state, facts=facts, evidence=evidence, due_at=due_at, now=now
    )


def insert_credential(
    session: Session,
    actor: Actor,
    technician_id: UUID,
    claim: Claim,
    *,
    state: str,
    facts: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
    now: datetime,
    **more: Any,
) -> UUID:
    """Write a proof in its first state, with one event; the caller holds the technician and has checked all: its id.

    What they write about it (`evidence`) is sealed with their own key.
    """
    credential_id = new_id()
    if more.get("evidence"):
        more["evidence"] = seal_words(session, technician_id, more["evidence"], place_of(PLACE, credential_id), now=now)
    session.execute(
        insert(CredentialRow).values(
            id=credential_id,
            technician_id=technician_id,
            kind=claim.kind,
            state=state,
            valid_from=claim.valid_from,
            valid_until=claim.valid_until,
            for_client_id=claim.for_client_id,
            facts=dict(facts),
            verified_at=now if state == "verified" else None,
            created_at=now,
            **more,
        )
    )
    of = {"technician": str(technician_id), "kind": claim.kind, "valid_until": claim.valid_until.isoformat()}
    record(session, actor, ("credential", credential_id), state, {**of, **(told or {})}, client_id=None, now=now)
    return credential_id


def verify_credential(
    session: Session, actor: Actor, credential_id: UUID, *, seen: Sequence[str] = (), now: datetime, **values: Any
) -> None:
    """Say that a submitted proof is genuine: the rules trust it from now on. `seen` are its documents' hashes.

    `facts` among the values are those that were read in it and not handed in with it; `valid_from` and `valid_until`
    its days, where they were handed in wrongly.

    Raises
    ------
    BadInput
        A fact that its family needs is said by nobody; the days are not in order.
    Conflict
        It is not waiting to be verified.
    NotFound, Refused
        There is none for this actor; the actor does not review it, the insured is somebody else by name, or its
        documents are others than those seen.
    """
    move_credential(session, actor, credential_id, "verify", seen=seen, now=now, **values)


def reject_credential(
    session: Session, actor: Actor, credential_id: UUID, *, ground: str | None = None, now: datetime
) -> None:
    """Say that a claimed or submitted proof does not hold, and on which ground; raises as `move_credential`."""
    move_credential(session, actor, credential_id, "reject", ground=ground, now=now)


def move_credential(
    session: Session,
    actor: Actor,
    credential_id: UUID,
    wish: str,
    *,
    told: Mapping[str, Any] | None = None,
    seen: Sequence[str] = (),
    ground: str | None = None,
    is_heard: bool = False,
    now: datetime,
    **values: Any,
) -> CredentialRow:
    """Move a proof by its table, under the technician's lock: the row as it is then; `values` are set with it.

    Waits for an acceptance that is under way; one that comes later judges what this leaves. `seen` are the hashes of
    the documents that whoever verifies it has looked at; `ground` is what is wrong with one that is rejected or
    revoked; `is_heard` is said by the last step of a removal alone.

    Raises
    ------
    BadInput
        A fact or the ground cannot be used; or it is to be verified, and nobody says a fact that its family needs.
    Conflict
        Its state does not allow it; names what it does.
    NotFound, Refused
        There is none for this actor; another is to do it; what it says or shows does not allow it (`reviews`).
    """
    row = hold_credential(session, actor, credential_id)
    _check_may(session, actor, row, wish)
    if wish == "verify":
        check_days(values.get("valid_from", row.valid_from), values.get("valid_until", row.valid_until))
        values["facts"] = facts_shown(session, row, values.get("facts"))
        told = {**(told or {}), **check_seen(session, actor, row, seen)}
    elif "facts" in values:
        values["facts"] = checked_facts(session.get_one(CredentialKindRow, row.kind).family, values["facts"])
    check_heard(session, row, wish, ground, is_final=is_heard)
    state = MOVES[row.state][wish][0]
    if values.get("evidence"):
        values["evidence"] = seal_words(
            session, row.technician_id, values["evidence"], place_of(PLACE, row.id), now=now
        )
    row.state, row.due_at = state, now + REVIEW_WITHIN if state == "submitted" else None
    if ground is not None:
        row.ground, told = ground, {**(told or {}), "ground": ground}
    for name, value in {**{stamp: now for stamp in _STAMPS.get(wish, ())}, **values}.items():
        setattr(row, name, value)
    session.flush()
    _keep_clearance(session, row)
    if state not in LIVE_PROOFS:
        look_again(session, (row.technician_id,), now + LOOK_AGAIN)
    data = {"technician": str(row.technician_id), "kind": row.kind, **(told or {})}
    record(session, actor, ("credential", row.id), _KINDS[wish], data, client_id=None, now=now)
    return row


def is_cleared_by_proof() -> ColumnElement[bool]:
    """The condition that a technician has a proof, in force, that they are a US person."""
    return select(CredentialRow.id).where(CredentialRow.technician_id == TechnicianRow.id, *_CLEARS).exists()


def first_day_anywhere(now: datetime) -> date:
    """The day that it still is somewhere on Earth: a proof whose last day is before it is over everywhere.

    The rules read a proof's last day by the clock at the site, so what counts for a job there must not be ended by a
    clock further east.
    """
    return (now - _LAST_CLOCK).astimezone(UTC).date()


def look_again(session: Session, technicians: Sequence[UUID], at: datetime | None) -> None:
    """Have what these technicians have and are asked for judged again then; the caller holds them."""
    session.execute(
        update(TechnicianRow)
        .where(TechnicianRow.id.in_(technicians))
        .values(proofs_due_at=at)
        .execution_options(synchronize_session=False)
    )


def evidence_of(session: Session, row: CredentialRow) -> str | None:
    """What a technician wrote about a proof, in plain words: for whoever may read it. Runs as the engine."""
    return row.evidence and open_words(session, row.evidence, place_of(PLACE, row.id))


def find_credential(session: Session, actor: Actor, credential_id: UUID) -> CredentialRow:
    """The proof, if the actor may know of it: the technician, their company, the operator, the client it is for.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    row = session.get(CredentialRow, credential_id)
    if row is None:
        raise NotFound("credential", credential_id)
    if actor.kind in ("operator", "engine") or (actor.client_id is not None and row.for_client_id == actor.client_id):
        return row
    person = session.get_one(TechnicianRow, row.technician_id)
    is_theirs = actor.technician_id == person.id or (actor.company_id and actor.company_id == person.company_id)
    if not is_theirs:
        raise NotFound("credential", credential_id)
    return row


def _checked_kind(session: Session, claim: Claim, now: datetime) -> CredentialKindRow:
    kind = session.get(CredentialKindRow, claim.kind)
    if kind is None:
        raise BadInput("kind", claim.kind, "name a kind of credential of the catalogue")
    if kind.family == "agreement":
        raise BadInput("kind", claim.kind, "sign the client's agreement instead")
    check_days(claim.valid_from, claim.valid_until)
    if claim.valid_until < now.date():
        raise BadInput("valid_until", claim.valid_until.isoformat(), "hand in a proof that has not ended")
    return kind


def hold_credential(session: Session, actor: Actor, credential_id: UUID) -> CredentialRow:
    """Lock the technician, then the proof, as an acceptance does; only of those that the actor may know of."""
    technician_id = find_credential(session, actor, credential_id).technician_id
    hold_technician(session, ENGINE, technician_id)
    return session.scalars(
        select(CredentialRow)
        .where(CredentialRow.id == credential_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _check_may(session: Session, actor: Actor, row: CredentialRow, wish: str) -> None:
    who = {each: may for moves in MOVES.values() for each, (_, may) in moves.items()}[wish]
    if who == "reviewer" and not may_review(session, actor, row):
        raise Refused(f"whoever has a proof does not {wish} it: that is for its reviewer", ("only_reviewer",))
    if who == "engine" and actor.kind != "engine":
        raise Refused(f"nobody asks to {wish} a proof: it follows from what happens", ("only_engine",))
    moves = {each: may for each, (_, may) in MOVES[row.state].items()}
    if wish not in moves:
        raise Conflict(row.state, wish, tuple(each for each, may in moves.items() if may != "engine"))


def _keep_clearance(session: Session, row: CredentialRow) -> None:
    """A US person is who has proved it, for as long as the proof stands; what one client looked at is for it alone."""
    if session.get_one(CredentialKindRow, row.kind).family != "clearance" or row.for_client_id is not None:
        return
    wanted = select(func.max(CredentialRow.valid_until)).where(
        CredentialRow.technician_id == row.technician_id, *_CLEARS
    )
    until = session.scalar(wanted)
    session.execute(
        update(TechnicianRow)
        .where(TechnicianRow.id == row.technician_id)
        .values(clearance="unknown" if until is None else "us_person", clearance_until=until)
        .execution_options(synchronize_session=False)
    )
