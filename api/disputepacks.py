"""What proves a job's history to somebody else? A dispute pack: made, downloaded as a file, verified offline."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import Anyone, only
from api.idempotency import Reply, idempotent
from api.parts import parts_of
from api.schemas.disputepacks import AuditKeyOut, DisputePackOut
from dispatch.audit.packing import make_pack
from dispatch.audit.signing import known_key, public_key
from dispatch.record.session import Actor

router = APIRouter(prefix="/v1", tags=["audit"])

#: Whoever decides about work and pay, and the operator, who is asked when two sides differ.
Packer = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator"))]


@router.post(
    "/jobs/{job_id}/dispute-pack", status_code=201, response_model=DisputePackOut, summary="Make a dispute pack"
)
def post_dispute_pack(request: Request, actor: Packer, job_id: UUID) -> Response:
    """The job's events with their hash chains, times, approvals, what each side of a dispute states, hashes of files.

    No names, places or words; signed as it stands now. Technicians don't see the file.
    """
    key = _key(request)

    def work(session: Session, now: datetime) -> Reply:
        pack = make_pack(session, parts_of(request).files, actor, job_id, key, now=now)
        url = f"/v1/files/{pack.file_id}"
        shown = DisputePackOut(
            file_id=pack.file_id,
            url=url,
            sha256=pack.sha256,
            num_bytes=pack.num_bytes,
            num_events=pack.num_events,
            key=pack.key,
        )
        return Reply(shown, 201, {"Location": url})

    return idempotent(request, actor, work)


@router.get("/audit-key", response_model=AuditKeyOut, summary="With which key are packs signed?")
def get_audit_key(request: Request, actor: Anyone) -> AuditKeyOut:
    """To compare with the one that a pack names."""
    return AuditKeyOut(key=public_key(_key(request)))


def _key(request: Request) -> Ed25519PrivateKey:
    settings = parts_of(request).settings
    return known_key(settings.audit_key, settings.data_dir)
