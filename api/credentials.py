"""What is proved about a technician? Hand in, review, take back; and what a proof that ends leaves uncovered."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.auth import only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of
from api.people import find_visible
from api.schemas.pages import PageOf
from api.schemas.proofs import (
    CredentialIn,
    CredentialMoved,
    CredentialOut,
    Fallen,
    GroundIn,
    ProofPageOut,
    SubmitIn,
    VerifyIn,
)
from api.talent import Keeper, Knows
from dispatch.files.documents import read_documents
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import AssignmentRow, CredentialKindRow, CredentialRow, DocumentRow
from dispatch.record.tables.talent import ENDED_PROOFS, LIVE_PROOFS
from dispatch.talent.agreements import FOR_EVER
from dispatch.talent.credentials import Claim, evidence_of, move_credential, submit_credential
from dispatch.visits.lapses import revoke

router = APIRouter(prefix="/v1", tags=["technicians"])

_NOTHING, _NO_GROUND = VerifyIn(), GroundIn()
#: Who reviews proofs: the operator, and a client those that are for it alone.
Reviewer = Annotated[Actor, Depends(only("operator", "client_admin", "dispatcher"))]


@router.get("/technicians/{technician_id}/credentials", response_model=PageOf[CredentialOut], summary="What is proved?")
def list_credentials(
    request: Request, actor: Knows, response: Response, technician_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[CredentialOut]:
    """Newest first. A client sees what is verified, without evidence, and nothing of screenings."""
    wanted = select(CredentialRow).where(CredentialRow.technician_id == technician_id)
    if actor.client_id is not None:
        is_screening = exists().where(CredentialKindRow.code == CredentialRow.kind, CredentialKindRow.is_screening)
        is_own = CredentialRow.for_client_id == actor.client_id
        public = CredentialRow.state.in_(LIVE_PROOFS) & ~is_screening & CredentialRow.for_client_id.is_(None)
        wanted = wanted.where(is_own | public)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        found = page(session, request, wanted, CredentialRow.id, limit=limit, cursor=cursor)
        items = show_credentials(session, actor, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post(
    "/technicians/{technician_id}/credentials",
    status_code=201,
    response_model=CredentialOut,
    summary="Hand in a proof",
)
def post_credential(request: Request, actor: Keeper, technician_id: UUID, proof: CredentialIn) -> Response:
    """It counts once its reviewer has verified it; it waits for that until `due_at`."""

    def work(session: Session, now: datetime) -> Reply:
        made = submit_credential(session, actor, technician_id, Claim(**proof.model_dump()), now=now)
        return Reply(show_credential(session, actor, made), 201)

    return idempotent(request, actor, work)


@router.post("/credentials/{credential_id}/submit", response_model=CredentialMoved, summary="Hand in what was claimed")
def post_submit(request: Request, actor: Keeper, credential_id: UUID, sent: SubmitIn) -> Response:
    """From now on it waits for its reviewer."""
    return _moved(request, actor, credential_id, "submit", **sent.model_dump(exclude_none=True))


@router.post("/credentials/{credential_id}/verify", response_model=CredentialMoved, summary="It is genuine")
def post_verify(request: Request, actor: Reviewer, credential_id: UUID, looked: VerifyIn = _NOTHING) -> Response:
    """The rules trust it from now on. A client verifies what is for it alone, where the kind lets it.

    Where it has documents, say by their hashes which were seen: one that was exchanged meanwhile is not verified. The
    facts that its family needs are to be there by now, from whoever handed it in or from you.
    """
    return _moved(request, actor, credential_id, "verify", **looked.model_dump(exclude_none=True))


@router.post("/credentials/{credential_id}/reject", response_model=CredentialMoved, summary="It does not hold")
def post_reject(request: Request, actor: Reviewer, credential_id: UUID, why: GroundIn = _NO_GROUND) -> Response:
    """Of a proof that was handed in. A screening takes a ground: what it says of somebody is for a removal."""
    return _moved(request, actor, credential_id, "reject", **why.model_dump())


@router.post("/credentials/{credential_id}/revoke", response_model=CredentialMoved, summary="Take a proof back")
def post_revoke(request: Request, actor: Reviewer, credential_id: UUID, why: GroundIn = _NO_GROUND) -> Response:
    """No acceptance counts on it any more; open offers that need it end, and work to come that needs it is flagged,
    withdrawn or kept as its client's policy says (`proofs.on_lapse`). A client sees its own of these.

    A screening takes a ground: what it says of somebody is for a removal.
    """

    def work(session: Session, now: datetime) -> Reply:
        broken = revoke(session, actor, credential_id, ground=why.ground, now=now)
        fallen = [
            Fallen(assignment_id=each, fate=fate)  # type: ignore[arg-type]
            for each, fate in broken.assignments
            if actor.client_id is None or session.get_one(AssignmentRow, each).client_id == actor.client_id
        ]
        offers = broken.offers if actor.client_id is None else ()
        return Reply(
            CredentialMoved(id=credential_id, state="revoked", offers_withdrawn=list(offers), assignments=fallen)
        )

    return idempotent(request, actor, work)


def show_credentials(session: Session, actor: Actor, rows: Sequence[CredentialRow]) -> list[CredentialOut]:
    """Proofs as they are told: facts, evidence, documents are not for clients, save of what is for them alone."""
    may_read = {row.id for row in rows if actor.client_id is None or row.for_client_id == actor.client_id}
    documents = read_documents(session, may_read)
    today = database_now(session).astimezone(UTC).date()
    screenings = set(session.scalars(select(CredentialKindRow.code).where(CredentialKindRow.is_screening)))
    shown = []
    for row in rows:
        pages = documents.get(row.id, ()) if row.id in may_read else None
        evidence = evidence_of(session, row) if row.id in may_read else None
        shown.append(_show(row, evidence, pages, today, is_screening=row.kind in screenings))
    return shown


def show_credential(session: Session, actor: Actor, credential_id: UUID) -> CredentialOut:
    """One proof, as it is told."""
    return show_credentials(session, actor, [session.get_one(CredentialRow, credential_id)])[0]


def _show(
    row: CredentialRow,
    evidence: str | None,
    documents: Sequence[DocumentRow] | None,
    today: date,
    *,
    is_screening: bool,
) -> CredentialOut:
    own = ("documents", "days_left", "evidence", "is_screening")
    same: dict[str, Any] = {name: getattr(row, name) for name in CredentialOut.model_fields if name not in own}
    if documents is None:
        same |= {"facts": None, "due_at": None}
    has_end = row.state not in ENDED_PROOFS and row.valid_until < FOR_EVER
    return CredentialOut(
        **same,
        evidence=evidence,
        is_screening=is_screening,
        documents=None if documents is None else [ProofPageOut.model_validate(each) for each in documents],
        days_left=max(0, (row.valid_until - today).days) if has_end else None,
    )


def _moved(request: Request, actor: Actor, credential_id: UUID, wish: str, **values: Any) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        row = move_credential(session, actor, credential_id, wish, now=now, **values)
        return Reply(CredentialMoved(id=credential_id, state=row.state))  # type: ignore[arg-type]

    return idempotent(request, actor, work)
