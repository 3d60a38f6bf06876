"""What was told to whom, and did it arrive? Notices with their fate."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, Operator, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.messages import NoticeDetail, NoticeOut, NoticeState, ReaderOut
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.messages.fates import resend
from dispatch.messages.people import read_people
from dispatch.messages.scene import Unsaid, read_scene
from dispatch.messages.writing import write_notice
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import NoticeRow

router = APIRouter(prefix="/v1/notices", tags=["messages"])

#: A client's staff read what was told about their work, a technician what was told to them, the operator all.
NoticeReader = Annotated[Actor, Depends(only(*STAFF, "operator", "technician", "company"))]
#: Reasons that say when somebody sleeps, or what they switched off: nobody's business but their own.
_OWN_REASONS = ("quiet_hours", "digest", "switched_off")


@router.get("", response_model=PageOf[NoticeOut], summary="List notices")
def list_notices(
    request: Request,
    actor: NoticeReader,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only about this job.")] = None,
    state: Annotated[NoticeState | None, Query(description="Only these.", examples=["given_up"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[NoticeOut]:
    """What was told, newest first, each with its fate: `GET /v1/notices?state=given_up` is what did not arrive."""
    asked = {NoticeRow.job_id: job_id, NoticeRow.state: state}
    wanted = select(NoticeRow).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, NoticeRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[NoticeOut(**_fate(actor, row[0])) for row in found.rows], next=found.next)


@router.get("/{notice_id}", response_model=NoticeDetail, summary="Read a notice")
def get_notice(request: Request, actor: NoticeReader, notice_id: UUID) -> NoticeDetail:
    """The notice in its reader's words, as it would be written now."""
    with reading(request, actor) as session:
        notice = session.scalars(select(NoticeRow).where(NoticeRow.id == notice_id)).one_or_none()
    if notice is None:
        raise NotFound("notice", notice_id)
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        subject, text = _words(session, notice)
    return NoticeDetail(**_fate(actor, notice), subject=subject, text=text)


@router.post("/{notice_id}/resend", response_model=NoticeOut, summary="Send a notice again")
def post_resend(request: Request, actor: Operator, notice_id: UUID) -> Response:
    """What was given up, failed, or is held back goes out at once, by the first of its ways."""

    def work(session: Session, now: datetime) -> Reply:
        resend(session, actor, notice_id, now=now)
        return Reply(NoticeOut(**_fate(actor, session.get_one(NoticeRow, notice_id, populate_existing=True))))

    return idempotent(request, actor, work)


def _fate(actor: Actor, row: NoticeRow) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in _SAME}
    is_own = actor.kind == "operator" or row.reader_kind != "technician" or actor.client_id is None
    if not is_own and row.reason in _OWN_REASONS:
        same |= {"reason": "readers_choice", "until_at": None}
    visit = row.data.get("visit")
    return same | {
        "reader": ReaderOut(kind=cast(Any, row.reader_kind), id=row.reader_id),
        "visit_id": None if visit is None else UUID(visit),
        "channel": row.channels[0] if row.channels else None,
    }


_SAME = ("id", "occasion", "job_id", "state", "reason", "num_attempts", "until_at", "sent_at", "made_at")


def _words(session: Session, notice: NoticeRow) -> tuple[str | None, str | None]:
    ref = (notice.reader_kind, notice.reader_id)
    person = read_people(session, [ref]).get(ref)
    if person is None:
        return None, None
    try:
        written = write_notice(session, notice, person, read_scene(session, notice))
    except Unsaid:
        return None, None
    return written.subject, written.long
