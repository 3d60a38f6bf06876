"""Which page of a list? By key, not by number: what is added meanwhile moves nothing.

Lists run from the newest to the oldest; the cursor is the last id of the page before, in a form that nobody should
rely on. It gives no rights: the list's own conditions hold on every page.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import Select
from starlette.requests import Request

from dispatch.errors import BadInput

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.", examples=[50])]
Cursor = Annotated[
    str | None,
    Query(max_length=64, description="Where to go on: `next` of the page before.", examples=[None]),
]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the rows, the cursor of the next one (None: this is the last), and the Link header."""

    rows: Sequence[Any]
    next: str | None
    headers: dict[str, str]


def page(
    session: Session,
    request: Request,
    statement: Select[*tuple[Any, ...]],
    key: InstrumentedAttribute[UUID],
    *,
    limit: int,
    cursor: str | None,
) -> Page:
    """Read one page of a statement, newest first; `key` is its UUIDv7 column, which comes as `id_key` in each row.

    Raises
    ------
    BadInput
        When the cursor is not one that we gave for this list.
    """
    noun = request.url.path
    if cursor is not None:
        statement = statement.where(key < read_cursor(cursor, noun))
    rows = session.execute(statement.add_columns(key.label("id_key")).order_by(key.desc()).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None, {})
    return followed(request, rows[:limit], write_cursor(rows[limit - 1].id_key, noun))


def followed(request: Request, rows: Sequence[Any], following: str) -> Page:
    """A page after which comes another one, at this cursor."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    link = f"{request.url.path}?{urlencode([*query, ('cursor', following)])}"
    return Page(rows, following, {"Link": f'<{link}>; rel="next"'})


def write_cursor(last: UUID, noun: str) -> str:
    """The cursor after an id of a list."""
    return sign(last.bytes, noun)


def read_cursor(cursor: str, noun: str) -> UUID:
    """The id that a cursor holds; raises as `verified`."""
    return UUID(bytes=verified(cursor, 16, noun))


def sign(key: bytes, noun: str) -> str:
    """A key's bytes as a cursor of this list."""
    return base64.urlsafe_b64encode(key + _check(key, noun)).decode().rstrip("=")


def verified(cursor: str, size: int, noun: str) -> bytes:
    """The key's bytes, so many, that a cursor holds.

    Raises
    ------
    BadInput
        When it is damaged, made up, or of another list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size + 4 or raw[size:] != _check(raw[:size], noun):
        raise BadInput("?cursor", cursor, "send `next` of the page before, for the same list")
    return raw[:size]


def _check(key: bytes, noun: str) -> bytes:
    return zlib.crc32(key + noun.encode()).to_bytes(4, "big")
