"""A job's history, signed, to be verified by somebody who trusts neither side."""

from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.values import Out

_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
_PACK: dict[str, JsonValue] = {
    "file_id": "01973b2e-7c1a-7000-8000-0000000000e1", "url": "/v1/files/01973b2e-7c1a-7000-8000-0000000000e1",
    "sha256": "0" * 64, "num_bytes": 48213, "num_events": 61, "key": _KEY,
}  # fmt: skip


class DisputePackOut(Out):
    """Where the pack is, and what proves it: verify it offline by `truckroll audit verify-bundle FILE --key KEY`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PACK]})
    file_id: UUID
    url: str = Field(description="Where to download it.")
    sha256: str
    num_bytes: int
    num_events: int = Field(description="Events whose chains stand in it.")
    key: str = Field(description="The public key that signed it, hexadecimal.")


class AuditKeyOut(Out):
    """The public key that this installation signs with, hexadecimal (Ed25519)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": _KEY}]})
    key: str
