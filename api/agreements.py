"""What does a client ask of proofs, and what is signed with it? Policies by kind, agreements, signatures."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from api.auth import Anyone, Technician, only
from api.credentials import show_credential
from api.idempotency import Reply, idempotent
from api.parts import parts_of, writing
from api.schemas.proofs import (
    AgreementIn,
    AgreementOut,
    AgreementsOut,
    CredentialOut,
    ProofPolicyIn,
    ProofPolicyOut,
    SignIn,
)
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import AgreementRow
from dispatch.talent.agreements import publish_agreement, sign_agreement
from dispatch.talent.askings import read_policy, set_proof_policy
from dispatch.talent.rights import own_client

router = APIRouter(prefix="/v1", tags=["clients"])

Asker = Annotated[Actor, Depends(only("client_admin", "operator"))]


@router.get("/clients/{client_id}/proof-policy", response_model=ProofPolicyOut, summary="What is asked of proofs?")
def get_proof_policy(request: Request, actor: Asker, client_id: UUID) -> ProofPolicyOut:
    """By kind; a kind that is not here must be valid through the job's end, and no more."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        own_client(session, actor, client_id)
        return ProofPolicyOut(policy=read_policy(session, client_id))


@router.put("/clients/{client_id}/proof-policy", response_model=ProofPolicyOut, summary="Say what is asked of proofs")
def put_proof_policy(request: Request, actor: Asker, client_id: UUID, asked: ProofPolicyIn) -> ProofPolicyOut:
    """All of it: what is left out is asked no more. Work and offers that it breaks are looked at within seconds."""
    with writing(request, actor, "engine") as session:
        kept = set_proof_policy(session, actor, client_id, asked.policy, now=database_now(session))
        return ProofPolicyOut(policy=kept)


@router.post(
    "/clients/{client_id}/agreements", status_code=201, response_model=AgreementOut, summary="Publish an agreement"
)
def post_agreement(request: Request, actor: Asker, client_id: UUID, agreement: AgreementIn) -> Response:
    """The next version of its kind; none is ever changed. Work that ends after `sign_again_from` needs it signed."""

    def work(session: Session, now: datetime) -> Reply:
        made = publish_agreement(session, actor, client_id, **agreement.model_dump(), now=now)
        return Reply(AgreementOut.model_validate(session.get_one(AgreementRow, made)), 201)

    return idempotent(request, actor, work)


@router.get("/agreements", response_model=AgreementsOut, summary="What is there to sign?")
def list_agreements(
    request: Request,
    actor: Anyone,
    client_id: Annotated[UUID | None, Query(description="Of this client; staff see their own client's.")] = None,
) -> AgreementsOut:
    """The versions in force, with their words, of a client that you name."""
    of = actor.client_id or client_id
    newest = (
        select(AgreementRow)
        .where(AgreementRow.client_id == of)
        .order_by(AgreementRow.kind, AgreementRow.version.desc())
        .ext(distinct_on(AgreementRow.kind))
    )
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = session.scalars(newest).all() if of is not None else ()
        return AgreementsOut(items=[AgreementOut.model_validate(row) for row in found])


@router.post(
    "/agreements/{agreement_id}/sign", status_code=201, response_model=CredentialOut, summary="Sign an agreement"
)
def post_signature(request: Request, actor: Technician, agreement_id: UUID, signed: SignIn) -> Response:
    """The version in force, by the hash of the text that you were shown. Time and address are kept with it."""
    address = request.client.host if request.client else ""

    def work(session: Session, now: datetime) -> Reply:
        made = sign_agreement(session, actor, agreement_id, signed.sha256, address, now=now)
        shown: Any = show_credential(session, actor, made)
        return Reply(shown, 201)

    return idempotent(request, actor, work)
