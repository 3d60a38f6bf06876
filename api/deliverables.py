"""What must be handed in, what was, and is it good? Checklists and deliverables."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, Anyone, OnVisit, Requester, StaffReader
from api.files import show_file
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.checklists import ItemOut
from api.schemas.evidence import (
    ChecklistOut,
    DeliverableIn,
    DeliverableOut,
    ItemBackIn,
    ItemsIn,
    ItemsOut,
    LackingOut,
)
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.jobs.checklists import Item, items_of, make_template
from dispatch.jobs.lifecycle import DELIVERABLE
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, DeliverableRow, DeliverableTemplateRow, FileRow, JobRow
from dispatch.visits.deliverables import Handed, Verdict, hand_in, judge_deliverable
from dispatch.visits.evidence import completed, lacking, read_deliverables

router = APIRouter(prefix="/v1", tags=["deliverables"])


@router.post("/deliverable-templates", status_code=201, response_model=ItemsOut, summary="Set a checklist")
def post_template(request: Request, actor: Requester, template: ItemsIn) -> Response:
    """What your jobs of a type ask for from now on, as a new version; jobs that are posted keep theirs."""

    def work(session: Session, now: datetime) -> Reply:
        items = [item.to_item() for item in template.items]
        made = make_template(session, actor, template.job_type, items, now=now)
        shown = _template(session.get_one(DeliverableTemplateRow, made))
        return Reply(shown, 201, {"Location": f"/v1/deliverable-templates?job_type={template.job_type}"})

    return idempotent(request, actor, work)


@router.get("/deliverable-templates", response_model=PageOf[ItemsOut], summary="List checklists")
def list_templates(
    request: Request,
    actor: StaffReader,
    response: Response,
    job_type: Annotated[str | None, Query(max_length=64, description="Only of this type.", examples=["repair"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ItemsOut]:
    """Every version, newest first: of a type the first one counts."""
    wanted = select(DeliverableTemplateRow)
    if job_type is not None:
        wanted = wanted.where(DeliverableTemplateRow.job_type == job_type)
    with reading(request, actor) as session:
        found = page(session, request, wanted, DeliverableTemplateRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_template(row[0]) for row in found.rows], next=found.next)


@router.get("/jobs/{job_id}/deliverables", response_model=ChecklistOut, summary="What is handed in, what is missing?")
def get_checklist(request: Request, actor: Anyone, job_id: UUID) -> ChecklistOut:
    """The job's checklist, everything handed in for it in every version, and what the job cannot be done without."""
    with reading(request, actor) as session:
        return _checklist(session, actor, job_id)


@router.post(
    "/visits/{visit_id}/deliverables", status_code=201, response_model=DeliverableOut, summary="Hand something in"
)
def post_deliverable(request: Request, actor: OnVisit, visit_id: UUID, handed: DeliverableIn) -> Response:
    """For an item of the job's checklist. Send photos and files first, to `/v1/files`.

    A signature may be missing: say `refused` or `nobody_there`, and why.
    """

    def work(session: Session, now: datetime) -> Reply:
        made = hand_in(session, actor, visit_id, Handed(**dict(handed)), now=now)
        return Reply(_one(session, actor, made), 201)

    return idempotent(request, actor, work)


@router.post("/deliverables/{deliverable_id}/pass", response_model=DeliverableOut, summary="It is good")
def pass_deliverable(request: Request, actor: Requester, deliverable_id: UUID) -> Response:
    """One thing handed in is as wanted. Of two who judge at once the first counts."""

    def work(session: Session, now: datetime) -> Reply:
        judge_deliverable(session, actor, deliverable_id, Verdict("pass"), now=now)
        return Reply(_one(session, actor, deliverable_id))

    return idempotent(request, actor, work)


@router.post("/deliverables/{deliverable_id}/send-back", response_model=DeliverableOut, summary="It is not good enough")
def send_back_deliverable(request: Request, actor: Requester, deliverable_id: UUID, wish: ItemBackIn) -> Response:
    """One thing is to be handed in again, by `due_at`; the others stand. A job that was done is sent back with it."""

    def work(session: Session, now: datetime) -> Reply:
        judge_deliverable(session, actor, deliverable_id, Verdict("send_back", **dict(wish)), now=now)
        return Reply(_one(session, actor, deliverable_id))

    return idempotent(request, actor, work)


def _checklist(session: Session, actor: Actor, job_id: UUID) -> ChecklistOut:
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or not _may_read(session, actor, job_id):
        raise NotFound("job", job_id)
    items, rows = items_of(job.deliverables), read_deliverables(session, job_id)
    missing = lacking(items, rows, completed(session, job_id))
    files = _files(session, rows)
    return ChecklistOut(
        job_id=job_id,
        job_state=job.state,  # type: ignore[arg-type]
        items=[ItemOut.model_validate(item) for item in items],
        deliverables=[_show(actor, row, items, files) for row in rows],
        missing=[LackingOut.model_validate(each) for each in missing],
        is_complete=not missing,
    )


def _may_read(session: Session, actor: Actor, job_id: UUID) -> bool:
    """Staff, whose rows these are; of technicians those who have or had the work, not who was only asked."""
    if actor.kind in (*STAFF, "operator", "gateway"):
        return True
    work = select(AssignmentRow.id).where(AssignmentRow.job_id == job_id, AssignmentRow.state.in_(("live", "finished")))
    return session.scalar(work.limit(1)) is not None


def _one(session: Session, actor: Actor, deliverable_id: UUID) -> DeliverableOut:
    row = session.get_one(DeliverableRow, deliverable_id, populate_existing=True)
    items = items_of(session.get_one(JobRow, row.job_id).deliverables)
    return _show(actor, row, items, _files(session, [row]))


def _files(session: Session, rows: list[DeliverableRow]) -> dict[UUID, FileRow]:
    wanted = [row.file_id for row in rows if row.file_id is not None]
    return {row.id: row for row in session.scalars(select(FileRow).where(FileRow.id.in_(wanted)))}


def _show(actor: Actor, row: DeliverableRow, items: tuple[Item, ...], files: dict[UUID, FileRow]) -> DeliverableOut:
    item = next((each for each in items if each.code == row.item), None)
    own = ("file", "is_within", "moves")
    same: dict[str, Any] = {name: getattr(row, name) for name in DeliverableOut.model_fields if name not in own}
    file = files.get(row.file_id) if row.file_id else None
    return DeliverableOut(
        **same,
        file=show_file(file) if file else None,
        is_within=item.is_within(row.number) if item and row.number is not None else None,
        moves=[wish.replace("_", "-") for wish in DELIVERABLE[row.state]] if actor.kind in STAFF else [],
    )


def _template(row: DeliverableTemplateRow) -> ItemsOut:
    items = [ItemOut.model_validate(item) for item in items_of(row.items)]
    return ItemsOut(id=row.id, job_type=row.job_type, version=row.version, items=items, made_at=row.made_at)
