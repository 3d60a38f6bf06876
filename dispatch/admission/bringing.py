"""How is a client's informal pool brought in? By file: some are known by their mail, others are new; all are invited.

The client is told the same of both: whether somebody was in the network before is not its business.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.admission.peoplefile import Somebody
from dispatch.admission.relations import REASK_DAYS, check_pools, new_code
from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AdmissionRow,
    PoolMemberRow,
    SkillRow,
    TechnicianRow,
    TechnicianSkillRow,
    new_id,
)
from dispatch.talent.loading import BadEntries, Problem
from dispatch.talent.pools import find_pool

#: Two files with the same new person, of whichever clients, make them once.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('bring_in', 0))")


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the rows, by line: `invited`, `joined` (admitted before), `there` already, or why they stay out.

    The latter is the state of the admission: `declined`, `ended`, `suspended`, `applied`.
    """

    rows: tuple[tuple[int, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each."""
        return dict(sorted(Counter(outcome for _, outcome in self.rows).items()))


def bring_in(
    session: Session,
    actor: Actor,
    pool_id: UUID,
    people: Sequence[Somebody],
    *,
    is_dry_run: bool = False,
    now: datetime,
) -> Brought:
    """Invite everybody of a file into a private pool, all or none; the same file again changes nothing.

    Somebody new enters the network as invited, outside the market, with the skills that the client says; of somebody
    known nothing is changed. A no stands: who declined or left is not asked again by file. With `is_dry_run` all of it
    is done and taken back.

    Raises
    ------
    BadEntries
        Some name skills that do not exist, or a mail address that several technicians have.
    BadInput
        The pool is open: whoever meets its requirements is in it.
    NotFound, Refused
        The pool is not the actor's; the actor does not keep pools.
    """
    pool = find_pool(session, actor, pool_id)
    check_pools(session, pool.client_id, [pool_id])
    session.execute(_ONE_AT_A_TIME)
    known = _known(session, people)
    _check(session, people, known)
    with session.begin_nested() as savepoint:
        ids = {who.line: known[who.email][0] if who.email in known else new_id() for who in people}
        _add(session, [who for who in people if who.email not in known], ids, now)
        session.execute(
            select(TechnicianRow.id)
            .where(TechnicianRow.id.in_(ids.values()))
            .order_by(TechnicianRow.id)
            .with_for_update(key_share=True)
        )
        rows = [
            (who.line, _invite(session, actor, pool.client_id, pool_id, who, ids[who.line], now))
            for who in sorted(people, key=lambda each: ids[each.line])
        ]
        joined = [ids[line] for line, outcome in rows if outcome == "joined"]
        if joined:
            data = {"pool": str(pool_id), "technicians": [str(each) for each in sorted(joined)]}
            record(session, actor, ("client", pool.client_id), "pool_joined", data, client_id=pool.client_id, now=now)
        if is_dry_run:
            savepoint.rollback()
    return Brought(tuple(sorted(rows)))


def _known(session: Session, people: Sequence[Somebody]) -> Mapping[str, list[UUID]]:
    """The technicians who have these addresses, whatever their capitals, and have not left."""
    address = func.lower(TechnicianRow.email)
    found: dict[str, list[UUID]] = {}
    wanted = select(address, TechnicianRow.id).where(
        address.in_([who.email for who in people]), TechnicianRow.state.not_in(("left", "erased"))
    )
    for email, technician_id in session.execute(wanted.order_by(TechnicianRow.id)):
        found.setdefault(email, []).append(technician_id)
    return found


def _check(session: Session, people: Sequence[Somebody], known: Mapping[str, list[UUID]]) -> None:
    skills = {code for who in people for code in who.skills}
    there = set(session.scalars(select(SkillRow.code).where(SkillRow.code.in_(skills)))) if skills else set()
    problems = []
    for who in people:
        if unknown := sorted(who.skills.keys() - there):
            problems.append(Problem(who.line, BadInput("skills", unknown[0], "name a skill of the catalogue")))
        if len(known.get(who.email, ())) > 1:
            way_out = "ask the operator: the address does not say who of the network this is"
            problems.append(Problem(who.line, BadInput("email", who.email, way_out)))
    if problems:
        raise BadEntries(problems)


def _add(session: Session, people: Sequence[Somebody], ids: Mapping[int, UUID], now: datetime) -> None:
    """Those who are new to the network, in two statements."""
    if not people:
        return
    new: dict[str, Any] = {"state": "invited", "in_market": False, "created_at": now}
    rows = [
        {
            "id": ids[who.line],
            "number": f"I-{ids[who.line].hex[-12:]}",
            "name": who.name,
            "email": who.email,
            "phone": who.phone,
            **new,
            **who.place,
        }
        for who in people
    ]
    session.execute(insert(TechnicianRow), rows)
    skills = [
        {"technician_id": ids[who.line], "skill": code, "level": level}
        for who in people
        for code, level in who.skills.items()
    ]
    if skills:
        session.execute(insert(TechnicianSkillRow), skills)


def _invite(
    session: Session, actor: Actor, client_id: UUID, pool_id: UUID, who: Somebody, technician_id: UUID, now: datetime
) -> str:
    """Invite one person, or say how the two stand already. The technician is held."""
    admission_id = session.scalar(
        pg_insert(AdmissionRow)
        .values(
            id=new_id(),
            client_id=client_id,
            technician_id=technician_id,
            state="invited",
            pools=[str(pool_id)],
            given_name=who.name,
            given_email=who.email,
            code=new_code(),
            code_until=now + timedelta(days=REASK_DAYS),
            created_at=now,
            moved_at=now,
        )
        .on_conflict_do_nothing(index_elements=["client_id", "technician_id"])
        .returning(AdmissionRow.id)
    )
    if admission_id is not None:
        data = {"pool": str(pool_id)}
        record(session, actor, ("admission", admission_id), "invited", data, client_id=client_id, now=now)
        return "invited"
    of_two = (AdmissionRow.client_id == client_id, AdmissionRow.technician_id == technician_id)
    row = session.scalars(select(AdmissionRow).where(*of_two)).one()
    if row.state == "admitted":
        return _join(session, client_id, pool_id, technician_id, now)
    if row.state != "invited":
        return row.state
    if str(pool_id) in row.pools:
        return "there"
    session.execute(
        update(AdmissionRow)
        .where(*of_two, AdmissionRow.state == "invited")
        .values(pools=[*row.pools, str(pool_id)], version=AdmissionRow.version + 1)
    )
    return "invited"


def _join(session: Session, client_id: UUID, pool_id: UUID, technician_id: UUID, now: datetime) -> str:
    new = pg_insert(PoolMemberRow).values(
        pool_id=pool_id, technician_id=technician_id, client_id=client_id, joined_at=now
    )
    joined = session.scalar(new.on_conflict_do_nothing().returning(PoolMemberRow.technician_id))
    return "there" if joined is None else "joined"
