"""Files: what was photographed, written and signed."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.values import Instant, Out

FileKind = Literal["photo", "document", "signature", "attachment"]
ContentType = Literal["image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"
_FILE: dict[str, JsonValue] = {
    "id": _UUID, "kind": "photo", "content_type": "image/jpeg", "num_bytes": 812_344,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "width": 4032, "height": 3024,
    "claimed_taken_at": "2027-03-01T15:04:05Z", "received_at": "2027-03-01T15:06:40Z", "is_time_doubtful": False,
    "job_id": _UUID, "visit_id": _UUID, "site_id": _UUID, "technician_id": _UUID, "uploaded_by_kind": "technician",
    "uploaded_by": _UUID, "erased_at": "2029-03-01T15:06:40Z",
}  # fmt: skip


class FileOut(Out):
    """A file as it is kept. Read its bytes at `/v1/files/{id}`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FILE]})
    id: UUID
    kind: FileKind
    content_type: ContentType = Field(description="As its first bytes say; what the sender said is not looked at.")
    num_bytes: int
    sha256: str = Field(description="Of the bytes as they are kept; it is the download's ETag.")
    width: int | None
    height: int | None
    claimed_taken_at: Instant | None = Field(description="What the camera wrote into the picture: a claim, no proof.")
    received_at: Instant = Field(description="When it came: this is what counts.")
    is_time_doubtful: bool = Field(description="The claim lies in the future, or over a day from when it came.")
    job_id: UUID | None
    visit_id: UUID | None
    site_id: UUID | None
    technician_id: UUID | None
    uploaded_by_kind: str
    uploaded_by: UUID | None
    erased_at: Instant | None = Field(description="Its bytes went with the person whose they were.")
