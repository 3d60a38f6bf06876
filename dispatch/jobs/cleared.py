"""What may only the cleared read of a job? Its texts are sealed when it is written; nobody here shows one to a person.

Jobs and templates have the same: names that anybody on the work may know, texts that stand sealed for their owner and
name alone, and the kinds of credential that a technician must hold to read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.sealing import KeyRing, context, seal, unseal
from dispatch.record.tables import ClearedTextRow, CredentialKindRow, new_id

MAX_TEXTS = 20


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose texts they are."""

    kind: Literal["job", "template"]
    id: UUID
    client_id: UUID


@dataclass(frozen=True, slots=True)
class Cleared:
    """Texts by name, and the kinds of credential it takes to read them.

    A text that is None is taken over as it stands at `source`: the template, the job that is copied, or the owner
    itself, which is being changed.
    """

    kinds: tuple[str, ...]
    texts: Mapping[str, str | None] = field(repr=False)
    source: Owner | None = None


def cleared_from(document: Mapping[str, Any] | None, source: Owner | None = None) -> Cleared | None:
    """What a document of posting (`cleared`) asks for; None where it asks for nothing."""
    if not document:
        return None
    texts = {each["name"]: each.get("text") for each in document["texts"]}
    return Cleared(tuple(document["kinds"]), texts, source)


def without_texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a job as it may be kept: its cleared texts by name alone."""
    cleared = document.get("cleared")
    if not cleared:
        return dict(document)
    names = [{"name": each["name"], "text": None} for each in cleared["texts"]]
    return {**document, "cleared": {**cleared, "texts": names}}


def check_kinds(session: Session, cleared: Cleared | None) -> None:
    """Refuse kinds of credential that do not exist: nobody could ever read the texts.

    Raises
    ------
    BadInput
        Naming the first.
    """
    if cleared is None:
        return
    wanted = set(cleared.kinds)
    known = set(session.scalars(select(CredentialKindRow.code).where(CredentialKindRow.code.in_(wanted))))
    if unknown := sorted(wanted - known):
        raise BadInput("cleared.kinds", unknown[0], "name kinds of /v1/credentials")


def put_cleared(session: Session, owner: Owner, wanted: Cleared | None, ring: KeyRing, *, now: datetime) -> None:
    """Make the texts of an owner those that are wanted, and no others. The caller holds the owner.

    Raises
    ------
    BadInput
        When a text is neither given nor at the source.
    MissingService
        When there is no key to seal with, or the source's is not at hand.
    """
    texts = wanted.texts if wanted else {}
    source = wanted.source if wanted else None
    taken = [name for name, given in texts.items() if given is None]
    there = _rows(session, source, taken) if source and taken else {}
    for num, (name, given) in enumerate(texts.items()):
        if given is None and name not in there:
            raise BadInput(f"cleared.texts[{num}].text", None, f"give its text: none is kept as {name}")
    stay = taken if source == owner else []
    session.execute(delete(ClearedTextRow).where(_owns(owner), ClearedTextRow.name.not_in(stay)))
    for name, given in texts.items():
        if name not in stay:
            plain = unseal_row(there[name], ring) if given is None else given
            _insert(session, owner, name, plain, ring, now)


def read_cleared(session: Session, owner: Owner, ring: KeyRing) -> dict[str, str]:
    """The texts by name, unsealed. Whoever shows them has judged who asks, and records that they were read."""
    return {row.name: unseal_row(row, ring) for row in _rows(session, owner).values()}


def names_of(session: Session, owner: Owner) -> list[str]:
    """The names of the owner's texts."""
    return list(_rows(session, owner))


def cleared_again(session: Session, source: Owner, kinds: Sequence[str]) -> Cleared | None:
    """What takes over all texts of an owner as they stand; None where it has none."""
    names = names_of(session, source)
    return Cleared(tuple(kinds), dict.fromkeys(names), source) if names else None


def changing(cleared: Cleared | None, source: Owner) -> Cleared | None:
    """The same, with texts that were not given taken from this source."""
    return None if cleared is None else replace(cleared, source=source)


def place_of(client_id: UUID, job_id: UUID | None, template_id: UUID | None, name: str) -> bytes:
    """Where a text stands: what its bytes are bound to."""
    kind, owner = ("job", job_id) if job_id is not None else ("template", template_id)
    return context("cleared_texts", client_id, kind, owner, name)


def unseal_row(row: ClearedTextRow, ring: KeyRing) -> str:
    """A row's text.

    Raises
    ------
    MissingService, Damaged
        When its key is not at hand; when the bytes are not those that were sealed for it.
    """
    return unseal(row.sealed, ring, place_of(row.client_id, row.job_id, row.template_id, row.name)).decode()


def _insert(session: Session, owner: Owner, name: str, plain: str, ring: KeyRing, now: datetime) -> None:
    job_id, template_id = (owner.id, None) if owner.kind == "job" else (None, owner.id)
    sealed = seal(plain.encode(), ring, place_of(owner.client_id, job_id, template_id, name))
    row = {"id": new_id(), "client_id": owner.client_id, "job_id": job_id, "template_id": template_id}
    session.execute(insert(ClearedTextRow).values(**row, name=name, sealed=sealed, sealed_at=now))


def _rows(session: Session, owner: Owner, names: list[str] | None = None) -> dict[str, ClearedTextRow]:
    wanted = select(ClearedTextRow).where(_owns(owner)).order_by(ClearedTextRow.name)
    if names is not None:
        wanted = wanted.where(ClearedTextRow.name.in_(names))
    rows = session.scalars(wanted.execution_options(populate_existing=True))
    return {row.name: row for row in rows}


def _owns(owner: Owner) -> ColumnElement[bool]:
    column = ClearedTextRow.job_id if owner.kind == "job" else ClearedTextRow.template_id
    return (column == owner.id) & (ClearedTextRow.client_id == owner.client_id)
