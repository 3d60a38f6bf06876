"""Which skills, and which kinds of credentials, does the network know?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, CredentialRow, SkillRow
from dispatch.record.tables.talent import FAMILIES
from dispatch.talent.rights import NETWORK, only
from dispatch.talent.words import checked_code, checked_text

#: Proofs of these say something of a person that clients don't read, and that takes a hearing before it counts.
SCREENED = frozenset({"background_check", "drug_screen"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proof, by its code. What is None stays as it is, or is as of a plain certificate for a new code.

    Clients see no result of a screening; a background check and a drug screen always are one. `verified_by` says whose
    reviewers it waits for.
    """

    code: str
    name: str
    family: str | None = None
    is_screening: bool | None = None
    verified_by: str | None = None


def put_skills(session: Session, actor: Actor, names: Mapping[str, str], *, now: datetime) -> None:
    """Add skills by code, or rename those that exist.

    Raises
    ------
    BadInput
        A code or a name cannot be kept.
    Refused
        The actor is not the operator.
    """
    rows = [{"code": checked_code("code", code), "name": checked_text("name", name)} for code, name in names.items()]
    _put(session, actor, SkillRow, rows, "skills", now)


def put_credential_kinds(session: Session, actor: Actor, kinds: Sequence[Kind], *, now: datetime) -> None:
    """Add kinds of credentials by code, or rename those that exist.

    What a kind is stays so once there are proofs of it: they were asked for, read and shown by that.

    Raises
    ------
    BadInput
        A code or a name cannot be kept, a family is unknown, or proofs exist of a kind that would be another.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="changing the catalogue")
    wanted = select(CredentialKindRow).where(CredentialKindRow.code.in_([kind.code for kind in kinds]))
    there = {row.code: row for row in session.scalars(wanted.order_by(CredentialKindRow.code).with_for_update())}
    rows = [_row_of(session, kind, there.get(kind.code)) for kind in kinds]
    _put(session, actor, CredentialKindRow, rows, "credential_kinds", now)


def _row_of(session: Session, kind: Kind, there: CredentialKindRow | None) -> dict[str, Any]:
    family = kind.family or (there.family if there else "certificate")
    if family not in FAMILIES:
        raise BadInput("family", family, f"give one of {', '.join(FAMILIES)}")
    if kind.is_screening is False and family in SCREENED:
        raise BadInput("is_screening", False, f"leave it out: a {family.replace('_', ' ')} always is a screening")
    was_screening = family in SCREENED or bool(there and there.is_screening)
    kept = {
        "family": family,
        "is_screening": was_screening if kind.is_screening is None else kind.is_screening,
        "verified_by": kind.verified_by or (there.verified_by if there else "operator"),
    }
    if there is not None and _has_proofs(session, kind.code):
        for name, value in kept.items():
            if value != getattr(there, name):
                raise BadInput(name, value, "there are proofs of this kind: add another kind, with a code of its own")
    return {"code": checked_code("code", kind.code), "name": checked_text("name", kind.name), **kept}


def _has_proofs(session: Session, code: str) -> bool:
    return session.scalar(select(CredentialRow.id).where(CredentialRow.kind == code).limit(1)) is not None


def _put(
    session: Session,
    actor: Actor,
    table: type[SkillRow] | type[CredentialKindRow],
    rows: list[dict[str, Any]],
    noun: str,
    now: datetime,
) -> None:
    only(actor, "operator", doing="changing the catalogue")
    if not rows:
        return
    new = insert(table).values(rows)
    values = {name: new.excluded[name] for name in rows[0] if name != "code"}
    session.execute(new.on_conflict_do_update(index_elements=["code"], set_=values))
    codes = sorted(str(row["code"]) for row in rows)
    record(session, actor, NETWORK, f"{noun}_put", {"codes": codes}, client_id=None, now=now)
