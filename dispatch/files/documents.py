"""What shows a proof? Pages, each a photo or a PDF; for whoever handed it in and its reviewers, and nobody else."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.files.examining import Examined
from dispatch.files.personal import put_personal
from dispatch.files.storing import FileStore
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, CredentialRow, DocumentRow, new_id
from dispatch.record.tables.proofs import DOCUMENT_TYPES
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import find_credential, hold_credential
from dispatch.talent.reviews import is_held

#: States in which a proof's documents may change: nobody has trusted it yet.
OPEN = ("claimed", "submitted")
MAX_PAGES = 20


def keep_document(
    session: Session,
    store: FileStore,
    actor: Actor,
    credential_id: UUID,
    file: Examined,
    *,
    num: int | None = None,
    now: datetime,
) -> DocumentRow:
    """Add a page to a proof, or replace page `num`: its row. Its bytes are kept before it, and before anything waits.

    To a screening the operator adds the report that a notice of a removal encloses whenever it comes.

    Raises
    ------
    BadInput
        It is neither a picture nor a PDF, there is no such page to replace, or the proof has all the pages it may have.
    Conflict
        The proof was reviewed already, or a notice encloses its pages: what was looked at stays as it was.
    NotFound, MissingService
        There is no such proof for this actor; the file store does not take it.
    """
    if file.content_type not in DOCUMENT_TYPES:
        raise BadInput("/", file.content_type, "send a photo (JPEG, PNG or WebP) or a PDF")
    whose = find_credential(session, actor, credential_id).technician_id
    document_id = new_id()
    put_personal(session, store, credential_id, document_id, file.data, whose, now=now)
    proof = hold_credential(session, actor, credential_id)
    if proof.state not in OPEN and not (num is None and _is_report(session, actor, proof)):
        raise Conflict(proof.state, "change its documents", ("hand in a new proof",))
    if num is not None and is_held(session, proof.technician_id, proof.id):
        raise Conflict("noticed", "change what the notice encloses", ("add a page",))
    at, replaced = _place(session, credential_id, num)
    session.execute(
        insert(DocumentRow).values(
            id=document_id,
            credential_id=credential_id,
            num=at,
            content_type=file.content_type,
            num_bytes=len(file.data),
            sha256=file.sha256,
            width=file.width,
            height=file.height,
            received_at=now,
        )
    )
    told = {"technician": str(proof.technician_id), "num": at, "sha256": file.sha256, "replaced": replaced}
    record(session, actor, ("credential", credential_id), "document_kept", told, client_id=None, now=now)
    return session.get_one(DocumentRow, document_id)


def find_document(session: Session, actor: Actor, credential_id: UUID, num: int) -> DocumentRow:
    """A page, if the actor may know of the proof; raises NotFound.

    What a screening says is read by whose it is and by the operator: once reviewed neither by their company nor by a
    client.
    """
    proof = find_credential(session, actor, credential_id)
    is_over = proof.state not in OPEN and actor.kind not in ("operator", "technician")
    if is_over and _is_screening(session, proof):
        raise NotFound("document", num)
    wanted = select(DocumentRow).where(DocumentRow.credential_id == credential_id, DocumentRow.num == num)
    row = session.scalars(wanted).one_or_none()
    if row is None:
        raise NotFound("document", num)
    return row


def tell_reading(session: Session, actor: Actor, row: DocumentRow, *, now: datetime) -> None:
    """Say in the record that a reviewer has read a page; whose it is reads without a word."""
    proof = session.get_one(CredentialRow, row.credential_id)
    if actor.kind in ("technician", "company"):
        return
    told = {"technician": str(proof.technician_id), "num": row.num, "sha256": row.sha256}
    record(session, actor, ("credential", proof.id), "document_read", told, client_id=None, now=now)


def read_documents(session: Session, credentials: Collection[UUID]) -> dict[UUID, Sequence[DocumentRow]]:
    """The pages of these proofs, in order; a proof without any is not named."""
    found: dict[UUID, list[DocumentRow]] = {}
    wanted = select(DocumentRow).where(DocumentRow.credential_id.in_(credentials))
    for row in session.scalars(wanted.order_by(DocumentRow.credential_id, DocumentRow.num)):
        found.setdefault(row.credential_id, []).append(row)
    return dict(found)


def _is_report(session: Session, actor: Actor, proof: CredentialRow) -> bool:
    return actor.kind == "operator" and proof.state in LIVE_PROOFS and _is_screening(session, proof)


def _is_screening(session: Session, proof: CredentialRow) -> bool:
    return session.get_one(CredentialKindRow, proof.kind).is_screening


def _place(session: Session, credential_id: UUID, num: int | None) -> tuple[int, str | None]:
    """Which page it becomes, and the hash of the one that it takes the place of; the caller holds the proof."""
    if num is None:
        pages = select(func.coalesce(func.max(DocumentRow.num), 0)).where(DocumentRow.credential_id == credential_id)
        last = session.scalars(pages).one()
        if last >= MAX_PAGES:
            raise BadInput("?num", last + 1, f"send at most {MAX_PAGES} pages: put several into one PDF")
        return last + 1, None
    gone = (
        delete(DocumentRow)
        .where(DocumentRow.credential_id == credential_id, DocumentRow.num == num)
        .returning(DocumentRow.sha256)
        .execution_options(synchronize_session=False)
    )
    replaced = session.scalar(gone)
    if replaced is None:
        raise BadInput("?num", num, "name a page that is there, or leave it out to add one")
    return num, replaced
