"""What is held on me, and may it go? Export and erasure of a technician and of staff."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF as STAFF_ROLES
from api.auth import Operator, StaffReader, Technician, only
from api.errors import Forbidden
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.pages import PageOf
from api.schemas.privacy import BlockerOut, ErasureMoveIn, ErasureOut
from dispatch.privacy.asking import ask_erasure, ask_staff_erasure, blockers_of, erasures_of, move_erasure, moves_of
from dispatch.privacy.exporting import begin_export, begin_staff_export, export
from dispatch.privacy.holdings import STAFF, TECHNICIANS, Held
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import ErasureRow, StaffRow
from dispatch.record.tables.privacy import OPEN_ERASURES

router = APIRouter(prefix="/v1", tags=["privacy"])

ErasureWish = Literal["grant", "refuse", "withdraw"]
Decider = Annotated[Actor, Depends(only("operator", "technician", *STAFF_ROLES))]
_NO_REASON = ErasureMoveIn()
_ZIP: dict[int | str, Any] = {
    200: {
        "description": "A zip: `data/TABLE.json`, `files/…`, `documents/…`, `about.json`.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}, "example": "the zip"}},
    }
}


@router.get("/technicians/me/export", summary="Take along what is held on you", response_class=Response, responses=_ZIP)
def get_export(request: Request, actor: Technician) -> Response:
    """Everything held on you, made as it is sent, with your own files; other people's data are not inside."""
    assert actor.technician_id is not None
    with writing(request, actor, "engine") as session:
        now = database_now(session)
        begin_export(session, actor, actor.technician_id, now=now)
    return _sent(request, actor.technician_id, TECHNICIANS, now)


@router.get("/staff/me/export", summary="Take along what is held on you", response_class=Response, responses=_ZIP)
def get_staff_export(request: Request, actor: StaffReader) -> Response:
    """Everything held on you as a person of the staff; what is the client's is not inside, and `about.json` says why.

    A key that was made for nobody is refused (403).
    """
    with writing(request, actor, "engine") as session:
        whose = _themselves(session, actor)
        now = database_now(session)
        begin_staff_export(session, actor, whose, now=now)
    return _sent(request, whose, STAFF, now)


@router.post("/technicians/me/erasure", status_code=201, response_model=ErasureOut, summary="Ask to be erased")
def post_erasure(request: Request, actor: Technician) -> Response:
    """A person decides by `decide_by`; `blocked_by` says what has to end before it can be done, and until when."""
    assert actor.technician_id is not None
    whose = actor.technician_id

    def work(session: Session, now: datetime) -> Reply:
        return Reply(_show(actor, ask_erasure(session, actor, whose, now=now)), 201)

    return idempotent(request, actor, work)


@router.get("/technicians/me/erasure", response_model=list[ErasureOut], summary="How far is my erasure?")
def get_own_erasures(request: Request, actor: Technician) -> list[ErasureOut]:
    """All that you asked for, newest first."""
    assert actor.technician_id is not None
    with writing(request, actor, "engine") as session:
        return [_as_it_stands(session, actor, row) for row in erasures_of(session, actor.technician_id)]


@router.post("/staff/me/erasure", status_code=201, response_model=ErasureOut, summary="Ask to be erased")
def post_staff_erasure(request: Request, actor: StaffReader) -> Response:
    """As for a technician; what waits for you has to be handed on first. What you did stays, by your id alone.

    A key that was made for nobody is refused (403).
    """

    def work(session: Session, now: datetime) -> Reply:
        return Reply(_show(actor, ask_staff_erasure(session, actor, _themselves(session, actor), now=now)), 201)

    return idempotent(request, actor, work)


@router.get("/staff/me/erasure", response_model=list[ErasureOut], summary="How far is my erasure?")
def get_own_staff_erasures(request: Request, actor: StaffReader) -> list[ErasureOut]:
    """All that you asked for, newest first."""
    with writing(request, actor, "engine") as session:
        return [_as_it_stands(session, actor, row) for row in erasures_of(session, _themselves(session, actor))]


@router.post("/staff/{staff_id}/erasure", status_code=201, response_model=ErasureOut, summary="Ask it for them")
def post_erasure_of_staff(request: Request, actor: Operator, staff_id: UUID) -> Response:
    """For one of the staff who asks by mail, or has left and cannot sign in any more."""

    def work(session: Session, now: datetime) -> Reply:
        return Reply(_show(actor, ask_staff_erasure(session, actor, staff_id, now=now)), 201)

    return idempotent(request, actor, work)


@router.get("/erasures", response_model=PageOf[ErasureOut], summary="Who asks to be erased?")
def list_erasures(
    request: Request,
    actor: Operator,
    response: Response,
    state: Annotated[
        Literal["asked", "withdrawn", "refused", "granted", "done"] | None, Query(description="Only these.")
    ] = None,
    late: Annotated[bool, Query(description="Only those that are open beyond their date.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ErasureOut]:
    """Newest first, with what is in the way of each and how far it is."""
    wanted = select(ErasureRow)
    if late:
        wanted = wanted.where(ErasureRow.state.in_(OPEN_ERASURES), ErasureRow.is_late)
    if state is not None:
        wanted = wanted.where(ErasureRow.state == state)
    with reading(request, actor) as session:
        found = page(session, request, wanted, ErasureRow.id, limit=limit, cursor=cursor)
        items = [_as_it_stands(session, actor, row[0]) for row in found.rows]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/erasures/{erasure_id}/{erasure_move}", response_model=ErasureOut, summary="Grant, refuse, withdraw")
def post_erasure_move(
    request: Request, actor: Decider, erasure_id: UUID, erasure_move: ErasureWish, said: ErasureMoveIn = _NO_REASON
) -> Response:
    """The operator grants or refuses with a code, never their own; who asked withdraws, until it has begun.

    What is granted waits for what is in the way, and is then done in the background.
    """

    def work(session: Session, now: datetime) -> Reply:
        return Reply(_show(actor, move_erasure(session, actor, erasure_id, erasure_move, why=said.why, now=now)))

    return idempotent(request, actor, work)


def _themselves(session: Session, actor: Actor) -> UUID:
    if actor.id is None or session.get(StaffRow, actor.id) is None:
        raise Forbidden("nothing is held on a key that was made for nobody; sign in, and ask as yourself")
    return actor.id


def _as_it_stands(session: Session, actor: Actor, row: ErasureRow) -> ErasureOut:
    """What is in the way of an open one is looked up anew: that of the last look may be over."""
    shown = _show(actor, row)
    if row.state in OPEN_ERASURES and not row.progress:
        found = blockers_of(session, row)
        shown.blocked_by = [BlockerOut.model_validate(each.to_document()) for each in found]
    return shown


def _show(actor: Actor, row: ErasureRow) -> ErasureOut:
    same = {name: getattr(row, name) for name in ErasureOut.model_fields if name not in ("blocked_by", "moves")}
    blocked_by = [BlockerOut.model_validate(each) for each in row.blocked_by]
    moves: Any = moves_of(actor, row)
    return ErasureOut(**same, blocked_by=blocked_by, moves=moves)


def _sent(request: Request, whose: UUID, held: Held, now: datetime) -> Response:
    parts = parts_of(request)
    pieces = export(lambda: transaction(parts.engine, ENGINE, role="engine"), parts.files, whose, held, now=now)
    headers = {"Content-Disposition": f'attachment; filename="my-data-{now:%Y-%m-%d}.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
