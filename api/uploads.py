"""Many jobs at once, from a table: looked at first, then posted all together or not at all."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Requester
from api.idempotency import Reply, idempotent
from api.jobsheet import Row, Sheet, read_row, read_sheet
from api.parts import parts_of
from api.schemas.posting import JobUploadIn
from api.schemas.reach import RowFault, UploadOut, UploadRow
from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.posting import post_job
from dispatch.record.sealing import KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import SiteRow

router = APIRouter(prefix="/v1", tags=["jobs"])


class _NotKept(Exception):
    """What was posted is taken back: a preview, or one of them was refused."""


@router.post("/job-uploads", response_model=UploadOut, summary="Post a table of jobs")
def post_job_upload(request: Request, actor: Requester, upload: JobUploadIn) -> Response:
    """CSV with a line of names: number, store_number, title, job_type, start, end, duration_min, pay, and perhaps more.

    Times are by the clock at the site unless they bear an offset. With `is_preview` nothing is kept. Every bad cell is
    named, and while there is one nothing is posted. A number that you have used already posts nothing again.
    """

    def work(session: Session, now: datetime) -> Reply:
        return Reply(_uploaded(session, actor, upload, parts_of(request).ring, now))

    return idempotent(request, actor, work, role="app")


def _uploaded(session: Session, actor: Actor, upload: JobUploadIn, ring: KeyRing, now: datetime) -> UploadOut:
    sheet = read_sheet(upload.csv)
    _read_cells(session, sheet)
    posted: dict[int, UUID] = {}
    known: set[int] = set()
    try:
        with session.begin_nested():
            for row in sheet.rows:
                _post(session, actor, row, posted, known, ring, now)
            if upload.is_preview or _is_bad(sheet):
                raise _NotKept
    except _NotKept:
        posted = {}
    return UploadOut(
        columns=sheet.columns,
        rows=[_show(row, posted.get(row.line), is_known=row.line in known) for row in sheet.rows],
        faults=[RowFault.model_validate(each) for each in sheet.faults],
        num_posted=len(posted.keys() - known),
        is_posted=bool(posted),
    )


def _read_cells(session: Session, sheet: Sheet) -> None:
    if sheet.faults:
        return
    wanted = {row.cells.get("store_number", "") for row in sheet.rows}
    rows = session.scalars(select(SiteRow).where(SiteRow.store_number.in_(wanted)))
    sites = {each.store_number: each for each in rows}
    for row in sheet.rows:
        read_row(row, sites)


def _post(
    session: Session, actor: Actor, row: Row, posted: dict[int, UUID], known: set[int], ring: KeyRing, now: datetime
) -> None:
    """Post one, or mark its bad cell; those behind it are looked at as well."""
    if row.wish is None:
        return
    try:
        with session.begin_nested():
            job_id, is_new = post_job(session, actor, row.wish, now=now, ring=ring)
    except BadInput as error:
        row.refuse(error)
    except (Conflict, Refused) as error:
        row.fault("number" if isinstance(error, Conflict) else "store_number", str(error))
    else:
        posted[row.line] = job_id
        if not is_new:
            known.add(row.line)


def _is_bad(sheet: Sheet) -> bool:
    return bool(sheet.faults) or any(row.faults for row in sheet.rows)


def _show(row: Row, job_id: UUID | None, *, is_known: bool) -> UploadRow:
    faults = [RowFault.model_validate(each) for each in row.faults]
    return UploadRow(line=row.line, cells=row.cells, faults=faults, is_known=is_known, job_id=job_id)
