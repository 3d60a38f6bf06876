"""Which page of a list that runs by time? By key, as `api.paging`: here the key is (time, id), the earliest first."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import Select
from starlette.requests import Request

from api.paging import Page, followed, sign, verified

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = struct.Struct(">q16s")


def page_by_due(
    session: Session,
    request: Request,
    statement: Select[*tuple[Any, ...]],
    due_at: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[UUID],
    *,
    limit: int,
    cursor: str | None,
) -> Page:
    """Read one page of a statement, the earliest `due_at` first; in each row they come as `at_key` and `id_key`.

    A row whose time moves while somebody turns pages may come twice or not at all, as on any list by time.

    Raises
    ------
    BadInput
        When the cursor is not one that we gave for this list.
    """
    noun = request.url.path
    if cursor is not None:
        statement = statement.where(tuple_(due_at, key) > tuple_(*read_cursor(cursor, noun)))
    keys = (due_at.label("at_key"), key.label("id_key"))
    rows = session.execute(statement.add_columns(*keys).order_by(due_at, key).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None, {})
    last = rows[limit - 1]
    return followed(request, rows[:limit], write_cursor(last.at_key, last.id_key, noun))


def write_cursor(at: datetime, last: UUID, noun: str) -> str:
    """The cursor after a time and an id of a list."""
    return sign(_KEY.pack((at - _EPOCH) // timedelta(microseconds=1), last.bytes), noun)


def read_cursor(cursor: str, noun: str) -> tuple[datetime, UUID]:
    """The time and the id that a cursor holds; raises as `api.paging.verified`."""
    micros, last = _KEY.unpack(verified(cursor, _KEY.size, noun))
    return _EPOCH + timedelta(microseconds=micros), UUID(bytes=last)
