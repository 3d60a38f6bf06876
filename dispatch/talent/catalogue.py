"""Which skills, and which kinds of credentials, does the network know?"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, SkillRow
from dispatch.record.tables.talent import FAMILIES
from dispatch.talent.rights import NETWORK, only
from dispatch.talent.words import checked_code, checked_text

_NO_FAMILIES: Mapping[str, str] = MappingProxyType({})


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


def put_credential_kinds(
    session: Session,
    actor: Actor,
    names: Mapping[str, str],
    *,
    screening: frozenset[str] = frozenset(),
    families: Mapping[str, str] = _NO_FAMILIES,
    by_clients: frozenset[str] = frozenset(),
    now: datetime,
) -> None:
    """Add kinds of credentials by code, or rename them; `screening` are the codes whose results clients don't see.

    `families` say what sort of proof a kind is, a certificate where they don't; those of `by_clients` are verified by
    the client they are for.

    Raises
    ------
    BadInput
        A code or a name cannot be kept, or a family is unknown.
    Refused
        The actor is not the operator.
    """
    unknown = sorted(set(families.values()) - set(FAMILIES))
    if unknown:
        raise BadInput("family", unknown[0], f"give one of {', '.join(FAMILIES)}")
    rows = [
        {
            "code": checked_code("code", code),
            "name": checked_text("name", name),
            "is_screening": code in screening,
            "family": families.get(code, "certificate"),
            "verified_by": "client" if code in by_clients else "operator",
        }
        for code, name in names.items()
    ]
    _put(session, actor, CredentialKindRow, rows, "credential_kinds", now)


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
