"""What is new, as it happens? Server-sent events: the only asynchronous module.

A stream reads the record in a thread, a batch at a time, and holds no connection between two reads. It is woken by the
hub and looks by itself every other second. Errors before the first event are answered as problems; afterwards a reader
that cannot read tries again, and the stream ends when its key is revoked, its listener leaves or the process ends.
"""

import logging
import time
from collections.abc import AsyncIterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.auth import Gateway
from api.fleet import FleetReader
from api.hub import hub_of
from api.parts import parts_of
from api.telling import Reader, Told
from dispatch.errors import BadInput
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import ApiKeyRow

_log = logging.getLogger(__name__)

#: Seconds between two looks when nobody rings; between two looks at the key; after a failed read.
POLL_S = 2.0
KEY_CHECK_S = 5.0
_RETRY_S = 0.5
#: Seconds for which a stream lives on while nobody can tell whether its key does.
_UNKNOWN_S = 30.0

router = APIRouter(prefix="/v1", tags=["streams"])


_AFTER = "Where to go on: the id of the last event that you had; the header `Last-Event-ID` wins."


def place_in_stream(
    last_event_id: Annotated[str | None, Header(max_length=64, description=_AFTER)] = None,
    after: Annotated[str | None, Query(max_length=64, description=_AFTER, examples=[None])] = None,
) -> int | None:
    """Where the listener was: None for the beginning.

    Raises
    ------
    BadInput
        When it is no id of ours.
    """
    given = last_event_id if last_event_id is not None else after
    if given in (None, ""):
        return None
    assert given is not None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        where = "Last-Event-ID" if last_event_id is not None else "?after"
        raise BadInput(where, given, "send the id of the last event that you had, or leave it out to start anew")
    return int(given)


PlaceInStream = Annotated[int | None, Depends(place_in_stream)]


def fleet_reader(request: Request, _actor: Gateway, place: PlaceInStream) -> FleetReader:
    """A reader whose first batch is read."""
    return FleetReader(parts_of(request).engine, place)


@router.get("/fleet/stream", response_class=EventSourceResponse, summary="All offers, as they are sent")
async def stream_fleet(
    request: Request, actor: Gateway, reader: Annotated[FleetReader, Depends(fleet_reader)]
) -> AsyncIterator[ServerSentEvent]:
    """For a gateway that passes offers on to phones. Events:

    - `offer`: an offer exactly as it was sent, with what its technician may know before they have the job;
    - `ended`: an offer that can no longer be answered, and how it ended.

    Without `Last-Event-ID` it begins with the offers that live. With it, everything committed since is told, at least
    once; ids stand at the end of each batch. A place older than a day begins anew.
    """
    async for event in follow(request, actor, "fleet", reader):
        yield event


async def follow(request: Request, actor: Actor, channel: str, reader: Reader) -> AsyncIterator[ServerSentEvent]:
    """Whatever the reader finds, now and whenever the channel rings, until the stream has to end."""
    engine = parts_of(request).engine
    hub = hub_of(request)
    known_at = time.monotonic()
    with hub.ear(channel) as ear:
        while not ear.is_closed:
            try:
                if time.monotonic() - known_at >= KEY_CHECK_S:
                    if not await to_thread.run_sync(_is_alive, engine, actor, limiter=hub.readers):
                        return
                    known_at = time.monotonic()
                batch = await to_thread.run_sync(reader.read, limiter=hub.readers)
            except SQLAlchemyError as error:
                _log.warning("a stream could not read (%s): trying again", type(error).__name__)
                if time.monotonic() - known_at >= _UNKNOWN_S:
                    return
                await ear.wait(_RETRY_S)
                continue
            for told in batch:
                yield _event(told)
            if not reader.has_more:
                await ear.wait(POLL_S)


def _event(told: Told) -> ServerSentEvent:
    if told.data is None:
        return ServerSentEvent(comment=told.event, id=told.id)
    return ServerSentEvent(raw_data=told.data.model_dump_json(), event=told.event, id=told.id)


def _is_alive(engine: Engine, actor: Actor) -> bool:
    """Whether the key that opened the stream still counts."""
    is_current = ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.clock_timestamp())
    with transaction(engine, ENGINE, role="engine") as session:
        found = session.scalar(
            select(ApiKeyRow.id).where(ApiKeyRow.id == actor.key_id, ApiKeyRow.revoked_at.is_(None), is_current)
        )
    return found is not None
