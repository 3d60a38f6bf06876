"""How does a technician work for a client, and what did the client answer about it?

Until the client's admin says it, a company's people work through their company and all others are contractors. Each
answer has an owner, a moment and evidence; nothing follows by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, TechnicianRow, UsageRow
from dispatch.talent.credentials import look_again
from dispatch.talent.packfiles import known_packs
from dispatch.talent.reading import Held, lock_technician_row, read_technicians
from dispatch.talent.rights import only
from matching.checklist import ANSWERS
from matching.packs import Pack
from matching.papers import papers_from
from matching.proof import held_until, read_requirements
from matching.technician import COMPANY, CONTRACTOR, Technician
from matching.usage import ENGAGEMENTS


@dataclass(frozen=True, slots=True)
class Said:
    """One answer and what it rests on."""

    answer: str
    evidence: str


def engage(session: Session, actor: Actor, technician_id: UUID, engaged_as: str, *, now: datetime) -> None:
    """Say how a technician works for the actor's client. Runs as the engine; the caller has found the technician.

    What they have and are asked for is judged again within seconds, by the papers of the new way.

    Raises
    ------
    BadInput
        When there is no such way, they work through a company and have none, or are to be employed by a client that
        pays through us and has no payroll partner.
    Refused
        When the actor is not the client's admin.
    """
    client_id = _client_of(actor)
    if engaged_as not in ENGAGEMENTS:
        raise BadInput("engaged_as", engaged_as, f"give one of {', '.join(ENGAGEMENTS)}")
    held = hold_way(session, client_id, technician_id, engaged_as)
    if engaged_as == "company" and (held is None or held.company_id is None):
        raise BadInput("engaged_as", engaged_as, "they work for no company: the operator sets theirs first")
    was = session.scalar(
        select(UsageRow.engaged_as).where(UsageRow.client_id == client_id, UsageRow.technician_id == technician_id)
    )
    if was == engaged_as:
        return
    row = _keep(session, client_id, technician_id, engaged_as=engaged_as)
    # Other limits concern them now: whoever judged them before doesn't promise by it, and the levels are new.
    row.version, row.judge_at = row.version + 1, now
    session.flush()
    look_again(session, [technician_id], now)
    told = {"client": str(client_id), "engaged_as": engaged_as, "was": was}
    record(session, actor, ("technician", technician_id), "engaged", told, client_id=client_id, now=now)


def hold_way(session: Session, client_id: UUID, technician_id: UUID, engaged_as: str) -> Held | None:
    """Lock what is locked before the row of the two: the client, whose payroll partner is to stay, and the technician.

    Somebody employed is paid by whoever withholds their taxes: `BadInput` without one, of a client that pays through
    us. The database refuses it, too (`usage_has_payroll`).
    """
    if engaged_as == "w2":
        _check_is_paid(session, client_id)
    return lock_technician_row(session, technician_id)


def _check_is_paid(session: Session, client_id: UUID) -> None:
    client = session.get_one(ClientRow, client_id, with_for_update={"read": True}, populate_existing=True)
    if client.money is not None and client.payroll_id is None:
        raise BadInput("engaged_as", "w2", "name your payroll partner first, as payroll_company_id of your limits")


def go_through(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> None:
    """Whoever joins a company works through it, until a client says otherwise: what they promised is judged again.

    Only where they were a contractor: a payroll stays one. The caller holds them.
    """
    _move(session, actor, _engaged(session, technician_id, CONTRACTOR), COMPANY, "joined_company", now)
    # Who asks them now has other papers in mind, also where they have no hours yet.
    look_again(session, [technician_id], now)


def fall_back(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> None:
    """Nobody works through a company that they left: what they promised is judged again. The caller holds them.

    With each client for which they did they are a contractor from now on, if they have the papers that it wants of
    one; else nothing new is theirs there until the client has chosen how they work.
    """
    look_again(session, [technician_id], now)
    rows = _engaged(session, technician_id, COMPANY)
    if not rows:
        return
    [person] = read_technicians(session, [technician_id], now=now)
    for row in rows:
        able = _has_papers(session.get_one(ClientRow, row.client_id), person, now)
        _move(session, actor, [row], CONTRACTOR if able else COMPANY, "left_company", now)


def _engaged(session: Session, technician_id: UUID, way: str) -> Sequence[UsageRow]:
    """Their usage with each client for which they work in this way, held."""
    return session.scalars(
        select(UsageRow)
        .where(UsageRow.technician_id == technician_id, UsageRow.engaged_as == way)
        .order_by(UsageRow.client_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _move(session: Session, actor: Actor, rows: Sequence[UsageRow], way: str, why: str, now: datetime) -> None:
    """Let them work so from now on, and tell it, also where nothing changes yet."""
    for row in rows:
        told = {"client": str(row.client_id), "engaged_as": way, "was": row.engaged_as, "why": why}
        if row.engaged_as != way:
            row.engaged_as, row.version, row.judge_at = way, row.version + 1, now
        session.flush()
        record(session, actor, ("technician", row.technician_id), "engaged", told, client_id=row.client_id, now=now)


def is_unchosen() -> ColumnElement[bool]:
    """Whether a client is to choose how somebody works for it, by their usage and the technician's row.

    They left the company through which they did; of whoever has left the network there is nothing to choose.
    """
    return and_(
        UsageRow.engaged_as == "company",
        TechnicianRow.company_id.is_(None),
        TechnicianRow.state.not_in(("left", "erased")),
    )


def who_must_choose(session: Session, technician_id: UUID) -> set[UUID]:
    """The clients that are to choose how a technician works for them. Runs as the engine."""
    wanted = select(UsageRow.client_id).join(TechnicianRow, TechnicianRow.id == UsageRow.technician_id)
    return set(session.scalars(wanted.where(UsageRow.technician_id == technician_id, is_unchosen())))


def _has_papers(client: ClientRow, person: Technician, now: datetime) -> bool:
    """Whether somebody has today what a client wants of a contractor."""
    asked, today = read_requirements(client.proof_policy, client.id), now.astimezone(UTC).date().toordinal()
    wanted = papers_from(client.limits.get("papers", {})).get(CONTRACTOR, ())
    return all(
        any(held_until(person.credentials, kind, asked.get(kind)) >= today for kind in paper) for paper in wanted
    )


def answer_checklist(
    session: Session, actor: Actor, technician_id: UUID, pack_id: str, said: Mapping[str, Said], *, now: datetime
) -> None:
    """Answer questions of a checklist; the others stay as they were. Runs as the engine, as `engage`.

    Raises
    ------
    NotFound
        When no such checklist holds today.
    BadInput
        When a question or an answer is unknown, or the evidence is missing.
    Refused
        When the actor is not the client's admin.
    """
    client_id, pack = _client_of(actor), checklist(pack_id, now)
    for code, each in said.items():
        if code not in pack.questions:
            raise BadInput(f"answers.{code}", each.answer, f"answer one of {', '.join(pack.questions)}")
        if each.answer not in ANSWERS:
            raise BadInput(f"answers.{code}.answer", each.answer, f"give one of {', '.join(ANSWERS)}")
        if each.answer != "unsure" and not each.evidence.strip():
            raise BadInput(f"answers.{code}.evidence", each.evidence, "say what the answer rests on")
    by = {"owner": str(actor.id), "at": now.isoformat(), "version": pack.version}
    new = {code: {"answer": each.answer, "evidence": each.evidence.strip(), **by} for code, each in said.items()}
    row = _keep(session, client_id, technician_id)
    row.answers = {**row.answers, pack_id: {**row.answers.get(pack_id, {}), **new}}
    session.flush()
    told = {"client": str(client_id), "pack": pack_id, "answers": {code: each.answer for code, each in said.items()}}
    record(session, actor, ("technician", technician_id), "checklist_answered", told, client_id=client_id, now=now)


def checklist(pack_id: str, now: datetime) -> Pack:
    """The version of a checklist that holds today; NotFound if there is none."""
    found = next((pack for pack in checklists(now) if pack.id == pack_id), None)
    if found is None:
        raise NotFound("checklist", pack_id)
    return found


def checklists(now: datetime) -> list[Pack]:
    """The checklists that hold today, by id."""
    today = now.astimezone(UTC).date()
    return [pack for pack in known_packs() if pack.kind == "checklist" and pack.holds_on(today)]


def _client_of(actor: Actor) -> UUID:
    only(actor, "client_admin", doing="saying how somebody is engaged")
    if actor.client_id is None:
        raise Refused("this is the client's to say", ("only_client_admin",))
    return actor.client_id


def _keep(session: Session, client_id: UUID, technician_id: UUID, **values: Any) -> UsageRow:
    """The row of the two, held, with these values; made if they have not met."""
    new = insert(UsageRow).values(client_id=client_id, technician_id=technician_id, **values)
    made = new.on_conflict_do_update(
        index_elements=["client_id", "technician_id"], set_=values or {"judge_at": func.clock_timestamp()}
    )
    return session.scalars(made.returning(UsageRow), execution_options={"populate_existing": True}).one()
