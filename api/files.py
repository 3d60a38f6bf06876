"""What was photographed, written and signed? Files: send one, read one, list a job's."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Anyone
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.files import FileKind, FileOut
from api.schemas.pages import PageOf
from api.strictjson import BODY
from dispatch.errors import NotFound
from dispatch.files.examining import CONTENT_TYPES, examine
from dispatch.files.keeping import Belongs, check_is_kept, find_file, is_time_doubtful, keep_file
from dispatch.files.personal import get_personal
from dispatch.record.session import ENGINE, transaction
from dispatch.record.tables import DocumentRow, FileRow, JobRow

router = APIRouter(prefix="/v1", tags=["files"])

BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}, "example": "the file's bytes"}
SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}}
_ENDINGS = dict(zip(CONTENT_TYPES, ("jpg", "png", "webp", "pdf", "txt"), strict=True))
#: Nothing of a file may run in the page or be guessed to be something else, whatever it holds.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_DOWNLOAD: dict[int | str, Any] = {
    200: {"description": "The bytes.", "content": {content_type: BYTES for content_type in CONTENT_TYPES}},
    304: {"description": "You have it already: If-None-Match names its hash."},
}


@router.post("/files", status_code=201, response_model=FileOut, summary="Send a file", openapi_extra=SENT)
def post_file(
    request: Request,
    actor: Anyone,
    kind: Annotated[FileKind, Query(description="What it is for.", examples=["photo"])],
    visit_id: Annotated[UUID | None, Query(description="The visit that it is about.")] = None,
    job_id: Annotated[UUID | None, Query(description="Or the job.")] = None,
    site_id: Annotated[UUID | None, Query(description="Or, for staff, the site.")] = None,
    technician_id: Annotated[UUID | None, Query(description="Or, for staff, the technician to read it.")] = None,
    client_id: Annotated[UUID | None, Query(description="Or, for a technician, the client to read it.")] = None,
) -> Response:
    """The body is the file itself, at most 15 MB: a JPEG, PNG or WebP picture, a PDF, or plain text.

    Its first bytes decide what it is. A picture is drawn anew: place, camera and hidden parts do not stay. When it was
    taken is noted as the camera's claim beside the time at which it came.
    """
    file = examine(request.scope[BODY], kind)
    belongs = Belongs(visit_id, job_id, site_id, technician_id, client_id)

    def work(session: Session, now: datetime) -> Reply:
        file_id = keep_file(session, parts_of(request).files, actor, file, belongs, now=now)
        shown = show_file(session.get_one(FileRow, file_id))
        return Reply(shown, 201, {"Location": f"/v1/files/{file_id}", "ETag": f'"{shown.sha256}"'})

    return idempotent(request, actor, work)


@router.get("/files/{file_id}", summary="Read a file", response_class=Response, responses=_DOWNLOAD)
def get_file(request: Request, actor: Anyone, file_id: UUID) -> Response:
    """The bytes, as a download. Its client's staff read it, and the technicians on its job or with work at its site."""
    with reading(request, actor) as session:
        row = find_file(session, file_id)
    check_is_kept(row)
    return download(request, row, row.client_id, f"{row.kind}-{str(row.id)[-12:]}")


@router.get("/files/{file_id}/about", response_model=FileOut, summary="What is known of a file?")
def get_file_about(request: Request, actor: Anyone, file_id: UUID) -> FileOut:
    """What it is, how large, when it came, and when the camera says that it was taken."""
    with reading(request, actor) as session:
        return show_file(find_file(session, file_id))


@router.get("/jobs/{job_id}/files", response_model=PageOf[FileOut], summary="List a job's files")
def list_job_files(
    request: Request, actor: Anyone, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[FileOut]:
    """Every file of the job and its visits, newest first."""
    with reading(request, actor) as session:
        if session.scalar(select(JobRow.id).where(JobRow.id == job_id)) is None:
            raise NotFound("job", job_id)
        wanted = select(FileRow).where(FileRow.job_id == job_id)
        found = page(session, request, wanted, FileRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[show_file(row[0]) for row in found.rows], next=found.next)


def download(request: Request, row: FileRow | DocumentRow, folder_id: UUID, name: str) -> Response:
    """The bytes, as they lie in this folder, as a download under this name; 304 for whoever has them already."""
    tag = f'"{row.sha256}"'
    headers = {**_HEADERS, "ETag": tag}
    if tag in [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}.{_ENDINGS[row.content_type]}"'
    parts = parts_of(request)
    data = get_personal(parts.files, folder_id, row.id, lambda: transaction(parts.engine, ENGINE, role="engine"))
    return Response(data, headers=headers, media_type=row.content_type)


def show_file(row: FileRow) -> FileOut:
    """A file's row as it is told."""
    same = {name: getattr(row, name) for name in FileOut.model_fields if name != "is_time_doubtful"}
    return FileOut(**same, is_time_doubtful=is_time_doubtful(row.claimed_taken_at, row.received_at))
