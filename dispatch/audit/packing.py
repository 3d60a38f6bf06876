"""What does somebody hand to a judge? A job's signed bundle, kept as a file of the client's, its hash an event."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.audit.bundle import bundle, verify_bundle
from dispatch.audit.collecting import collect
from dispatch.audit.signing import public_key
from dispatch.errors import Damaged, NotFound
from dispatch.files.examining import examine
from dispatch.files.keeping import keep_own
from dispatch.files.storing import FileStore
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow


@dataclass(frozen=True, slots=True)
class Pack:
    """A dispute pack: the file, its hash and size, how many events it proves, and the public key that signed it."""

    file_id: UUID
    sha256: str
    num_bytes: int
    num_events: int
    key: str


def make_pack(
    session: Session, store: FileStore, actor: Actor, job_id: UUID, key: Ed25519PrivateKey, *, now: datetime
) -> Pack:
    """Make the pack of a job as it stands; it is the client's own file, which technicians don't see. As the engine.

    Raises
    ------
    NotFound
        When there is no such job of the actor's client; the operator makes packs of any.
    Damaged
        When an event is not what was written: such a history is signed for nobody.
    MissingService
        When the file store does not take it.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or actor.client_id not in (None, job.client_id):
        raise NotFound("job", job_id)
    data = bundle(collect(session, job, now=now, walks_chains=False), key)
    verdict = verify_bundle(data, public_key(key))
    if not verdict.is_whole:
        raise Damaged("the history of this job", verdict.faults[0])
    file = examine(data, "document")
    file_id = keep_own(session, store, actor, job.client_id, file, now=now)
    told = {"file": str(file_id), "sha256": file.sha256, "num_events": verdict.num_events}
    record(session, actor, ("job", job_id), "pack_made", told, client_id=job.client_id, now=now)
    return Pack(file_id, file.sha256, len(data), verdict.num_events, public_key(key))
