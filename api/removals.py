"""What does a screening lead to? Ordered, answered by the vendor, looked at by people, who hear the person first."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.auth import Gateway, Operator, Technician, only
from api.credentials import Reviewer, show_credential, show_credentials
from api.duepaging import page_by_due
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit
from api.parts import parts_of
from api.schemas.pages import PageOf
from api.schemas.proofs import (
    CredentialOut,
    RemovalAnswerIn,
    RemovalFinishIn,
    RemovalIn,
    RemovalOut,
    RemovalStep,
    ScreeningIn,
    ScreeningResultIn,
    ScreeningTaken,
)
from api.strictjson import BODY
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import CredentialKindRow, CredentialRow, RemovalRow
from dispatch.record.tables.proofs import ENDED_REMOVALS
from dispatch.screening.ordering import order_screening
from dispatch.screening.protocol import Result, check_signature
from dispatch.screening.results import take_result
from dispatch.screening.turned import has_turned, look_by
from dispatch.visits.removals import MOVES, answer_notice, find_removals, give_notice, move_removal

router = APIRouter(prefix="/v1", tags=["technicians"])

Screened = Annotated[Actor, Depends(only("technician", "operator"))]
RemovalWish = Literal["review", "withdraw"]


@router.get("/credentials", response_model=PageOf[CredentialOut], summary="What waits for a review?")
def list_due(
    request: Request,
    actor: Reviewer,
    response: Response,
    before: Annotated[datetime | None, Query(description="Only what is due before.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[CredentialOut]:
    """What was handed in and waits for you, the first due first; a client sees what it reviews itself.

    The operator's has also each screening that counts and turned adverse later: give notice, and they are heard.
    """
    is_due: Any = CredentialRow.due_at.is_not(None)
    due_at: Any = CredentialRow.due_at
    wanted = select(CredentialRow)
    if actor.client_id is None:
        is_due, due_at = or_(is_due, has_turned()), look_by()
    else:
        kind = CredentialKindRow
        wanted = wanted.join(kind, kind.code == CredentialRow.kind).where(
            CredentialRow.for_client_id == actor.client_id, kind.verified_by == "client"
        )
    wanted = wanted.where(is_due)
    if before is not None:
        wanted = wanted.where(due_at < before.astimezone(UTC))
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page_by_due(session, request, wanted, due_at, CredentialRow.id, limit=limit, cursor=cursor)
        shown = show_credentials(session, actor, [row[0] for row in found.rows])
        items = [each.model_copy(update={"due_at": row.at_key}) for each, row in zip(shown, found.rows, strict=True)]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post(
    "/technicians/{technician_id}/screenings",
    status_code=201,
    response_model=CredentialOut,
    summary="Order a screening",
)
def post_screening(request: Request, actor: Screened, technician_id: UUID, wish: ScreeningIn) -> Response:
    """The vendor gets it soon, and answers when it has looked. Only who is screened, or the operator, orders it."""
    vendor = parts_of(request).settings.screening_vendor

    def work(session: Session, now: datetime) -> Reply:
        made = order_screening(session, actor, technician_id, wish.kind, wish.scope, vendor, now=now)
        return Reply(show_credential(session, actor, made), 201)

    return idempotent(request, actor, work)


@router.post("/gateway/screenings", response_model=ScreeningTaken, summary="A vendor answers", tags=["gateway"])
def post_screening_result(request: Request, actor: Gateway, result: ScreeningResultIn) -> Response:
    """Signed like what we send: `Truckroll-Timestamp` and `Truckroll-Signature`, at most five minutes old.

    The same answer again, or an older one than was taken, changes nothing. An adverse one is looked at by a person.
    """
    settings = parts_of(request).settings
    check_signature(settings.screening_secret, request.headers, request.scope[BODY], at_s=int(time.time()))
    said = Result(**{**result.model_dump(), "scope": tuple(result.scope)})

    def work(session: Session, now: datetime) -> Reply:
        outcome: Any = take_result(session, settings.screening_vendor, said, now=now)
        return Reply(ScreeningTaken(outcome=outcome))

    return idempotent(request, actor, work)


@router.post("/removals", status_code=201, response_model=RemovalOut, summary="Give notice of a removal")
def post_removal(request: Request, actor: Operator, removal: RemovalIn) -> Response:
    """Before anybody leaves over a screening: with the copy, and business days to answer. Meanwhile they are held.

    Add the report to the screening's documents first and enclose it by its hashes; or say why there is no copy.
    """

    def work(session: Session, now: datetime) -> Reply:
        made = give_notice(session, actor, **removal.model_dump(), now=now)
        return Reply(_shown(actor, session.get_one(RemovalRow, made)), 201)

    return idempotent(request, actor, work)


@router.get("/removals", response_model=PageOf[RemovalOut], summary="Which removals are going on?")
def list_open_removals(
    request: Request, actor: Operator, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[RemovalOut]:
    """Those that have not ended, whose days to answer end first before others."""
    wanted = select(RemovalRow).where(RemovalRow.state.not_in(ENDED_REMOVALS))
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page_by_due(session, request, wanted, RemovalRow.respond_by, RemovalRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_shown(actor, row[0]) for row in found.rows], next=found.next)


@router.get("/technicians/{technician_id}/removals", response_model=list[RemovalOut], summary="Was notice given?")
def list_removals(request: Request, actor: Screened, technician_id: UUID) -> Sequence[RemovalOut]:
    """To the operator and the technician alone, newest first."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return [_shown(actor, row) for row in find_removals(session, actor, technician_id)]


@router.post("/removals/{removal_id}/answer", response_model=RemovalOut, summary="Answer the notice")
def post_answer(request: Request, actor: Technician, removal_id: UUID, said: RemovalAnswerIn) -> Response:
    """Say what is wrong with the report; a person reads it before anything is final."""

    def work(session: Session, now: datetime) -> Reply:
        answer_notice(session, actor, removal_id, said.answer, now=now)
        return Reply(_shown(actor, session.get_one(RemovalRow, removal_id)))

    return idempotent(request, actor, work)


@router.post("/removals/{removal_id}/finish", response_model=RemovalOut, summary="Make a removal final")
def post_removal_finish(request: Request, actor: Operator, removal_id: UUID, said: RemovalFinishIn) -> Response:
    """Never before the days to answer are over and somebody has reviewed it; with what was weighed, which they read."""

    def work(session: Session, now: datetime) -> Reply:
        move_removal(session, actor, removal_id, "finish", weighed=said.weighed, now=now)
        return Reply(_shown(actor, session.get_one(RemovalRow, removal_id)))

    return idempotent(request, actor, work)


@router.post("/removals/{removal_id}/{wish}", response_model=RemovalOut, summary="Review or withdraw a removal")
def post_removal_move(request: Request, actor: Operator, removal_id: UUID, wish: RemovalWish) -> Response:
    """`review` says that a person looks at it; `withdraw` undoes all of it."""

    def work(session: Session, now: datetime) -> Reply:
        move_removal(session, actor, removal_id, wish, now=now)
        return Reply(_shown(actor, session.get_one(RemovalRow, removal_id)))

    return idempotent(request, actor, work)


def _shown(actor: Actor, row: RemovalRow) -> RemovalOut:
    own = ("moves", "enclosed")
    same: dict[str, Any] = {name: getattr(row, name) for name in RemovalOut.model_fields if name not in own}
    steps = [RemovalStep(**{name: each[name] for name in RemovalStep.model_fields}) for each in row.steps]
    moves = [wish for wish, (_, who) in MOVES[row.state].items() if who == actor.kind]
    enclosed = row.steps[0].get("enclosed", []) if row.steps else []
    return RemovalOut(**{**same, "steps": steps}, enclosed=enclosed, moves=moves)
