"""Which version of a document without a counter is this? A number that follows from its content."""

import zlib

from pydantic import BaseModel

from api.etags import etag


def content_version(document: BaseModel) -> int:
    """The same for the same content; another, but for one case in a thousand million, for another."""
    return zlib.crc32(document.model_dump_json().encode()) % 1_000_000_000


def content_etag(document: BaseModel) -> dict[str, str]:
    """The header that guards a change."""
    return {"ETag": etag(content_version(document))}
