"""What is proved about a technician? Hand in, review, take back; and what a proof that ends leaves uncovered."""

from datetime import datetime
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
from api.schemas.proofs import CredentialIn, CredentialMoved, CredentialOut, Fallen, SubmitIn
from api.talent import Keeper, Knows
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import AssignmentRow, CredentialKindRow, CredentialRow
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import Claim, move_credential, submit_credential
from dispatch.visits.lapses import revoke

router = APIRouter(prefix="/v1", tags=["technicians"])

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
    response.headers.update(found.headers)
    return PageOf(items=[show_credential(actor, row[0]) for row in found.rows], next=found.next)


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
        return Reply(show_credential(actor, session.get_one(CredentialRow, made)), 201)

    return idempotent(request, actor, work)


@router.post("/credentials/{credential_id}/submit", response_model=CredentialMoved, summary="Hand in what was claimed")
def post_submit(request: Request, actor: Keeper, credential_id: UUID, sent: SubmitIn) -> Response:
    """From now on it waits for its reviewer."""
    return _moved(request, actor, credential_id, "submit", evidence=sent.evidence)


@router.post("/credentials/{credential_id}/verify", response_model=CredentialMoved, summary="It is genuine")
def post_verify(request: Request, actor: Reviewer, credential_id: UUID) -> Response:
    """The rules trust it from now on. A client verifies what is for it alone, where the kind lets it."""
    return _moved(request, actor, credential_id, "verify")


@router.post("/credentials/{credential_id}/reject", response_model=CredentialMoved, summary="It does not hold")
def post_reject(request: Request, actor: Reviewer, credential_id: UUID) -> Response:
    """Of a proof that was handed in."""
    return _moved(request, actor, credential_id, "reject")


@router.post("/credentials/{credential_id}/revoke", response_model=CredentialMoved, summary="Take a proof back")
def post_revoke(request: Request, actor: Reviewer, credential_id: UUID) -> Response:
    """No acceptance counts on it any more; open offers that need it end, and work to come that needs it is flagged,
    withdrawn or kept as its client's policy says (`proofs.on_lapse`). A client sees its own of these.
    """

    def work(session: Session, now: datetime) -> Reply:
        broken = revoke(session, actor, credential_id, now=now)
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


def show_credential(actor: Actor, row: CredentialRow) -> CredentialOut:
    """A proof's row as it is told: facts and evidence are not for clients, save of what is for them alone."""
    same: dict[str, Any] = {name: getattr(row, name) for name in CredentialOut.model_fields}
    if actor.client_id is not None and row.for_client_id != actor.client_id:
        same |= {"evidence": None, "facts": None, "due_at": None}
    return CredentialOut(**same)


def _moved(request: Request, actor: Actor, credential_id: UUID, wish: str, **values: Any) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        row = move_credential(session, actor, credential_id, wish, now=now, **values)
        return Reply(CredentialMoved(id=credential_id, state=row.state))  # type: ignore[arg-type]

    return idempotent(request, actor, work)
