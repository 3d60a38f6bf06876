"""What shows a proof? Pages of photos and PDFs: hand one in, list them, read one; whoever has it and its reviewers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from api.auth import only
from api.files import BYTES, SENT, download
from api.idempotency import Reply, idempotent
from api.parts import parts_of, writing
from api.schemas.proofs import ProofPageOut
from api.strictjson import BODY
from api.talent import Keeper
from dispatch.files.documents import MAX_PAGES, find_document, keep_document, read_documents, tell_reading
from dispatch.files.examining import examine
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables.proofs import DOCUMENT_TYPES
from dispatch.talent.credentials import find_credential

router = APIRouter(prefix="/v1/credentials", tags=["technicians"])

#: Whoever may know of a proof: which one, says `find_credential`.
Shown = Annotated[Actor, Depends(only("technician", "company", "operator", "client_admin", "dispatcher"))]
_DOWNLOAD: dict[int | str, Any] = {
    200: {"description": "The bytes.", "content": {content_type: BYTES for content_type in DOCUMENT_TYPES}},
    304: {"description": "You have it already: If-None-Match names its hash."},
}


@router.post(
    "/{credential_id}/documents",
    status_code=201,
    response_model=ProofPageOut,
    summary="Hand in a page of a proof",
    openapi_extra=SENT,
)
def post_document(
    request: Request,
    actor: Keeper,
    credential_id: UUID,
    num: Annotated[int | None, Query(ge=1, le=MAX_PAGES, description="Replace this page; left out: add one.")] = None,
) -> Response:
    """The body is a photo (JPEG, PNG, WebP) or a PDF as it stands, at most 15 MB; until the proof is reviewed.

    Its first bytes decide what it is. A picture is drawn anew: place, camera and hidden parts do not stay.
    """
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_credential(session, actor, credential_id)  # nothing is unfolded for a stranger
    file = examine(request.scope[BODY], "document")

    def work(session: Session, now: datetime) -> Reply:
        store = parts_of(request).files
        row = keep_document(session, store, actor, credential_id, file, num=num, now=now)
        where = f"/v1/credentials/{credential_id}/documents/{row.num}"
        return Reply(ProofPageOut.model_validate(row), 201, {"Location": where, "ETag": f'"{row.sha256}"'})

    return idempotent(request, actor, work)


@router.get("/{credential_id}/documents", response_model=list[ProofPageOut], summary="Which pages show a proof?")
def list_documents(request: Request, actor: Shown, credential_id: UUID) -> Sequence[ProofPageOut]:
    """In their order."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_credential(session, actor, credential_id)
        pages = read_documents(session, [credential_id]).get(credential_id, ())
        return [ProofPageOut.model_validate(row) for row in pages]


@router.get(
    "/{credential_id}/documents/{num}", summary="Read a page of a proof", response_class=Response, responses=_DOWNLOAD
)
def get_document(
    request: Request,
    actor: Shown,
    credential_id: UUID,
    num: Annotated[int, Path(ge=1, le=MAX_PAGES, description="Which page.", examples=[1])],
) -> Response:
    """The bytes, as a download that nothing shows in a page. That a reviewer read them is told in the record."""
    parts = parts_of(request)
    with transaction(parts.engine, actor, role="engine") as session:
        row = find_document(session, actor, credential_id, num)
    answer = download(request, row, credential_id, f"proof-{str(credential_id)[-12:]}-{num}")
    if answer.status_code == 200:
        with writing(request, actor, "engine") as session:
            tell_reading(session, actor, row, now=database_now(session))
    return answer
