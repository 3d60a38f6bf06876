"""What is new, as it happens? Server-sent events: the only asynchronous module.

A stream reads the record in a thread, a batch at a time, and holds no connection between two reads. It is woken by the
hub and looks by itself every other second. Errors before the first event are answered as problems; afterwards a reader
that cannot read tries again, and the stream ends when its key is revoked or its session ends, its listener leaves or
the process ends.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.auth import Gateway, Requester, only
from api.board import BoardReader
from api.fleet import FleetReader
from api.hub import Hub, hub_of
from api.offerreading import OffersReader
from api.parts import parts_of
from api.telling import Reader, Told, pack
from dispatch.errors import BadInput
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import ApiKeyRow
from dispatch.signin.sessions import still

_log = logging.getLogger(__name__)

#: Seconds between two looks when nobody rings; between two looks at the key; after a failed read.
POLL_S = 2.0
KEY_CHECK_S = 5.0
_RETRY_S = 0.5
#: Seconds for which a stream lives on while nobody can tell whether its key does.
_UNKNOWN_S = 30.0

#: Seconds of silence after which a comment is sent, so that nobody on the way thinks that the line is dead.
_PING_S = 15.0
#: Seconds between two batches of one stream.
_GATHER_S = 0.1
_EVENTS_A_CHUNK = 50
_PING = Told("ping")

router = APIRouter(prefix="/v1", tags=["streams"])


#: Whoever is asked: alone, or for their workers.
Asked = Annotated[Actor, Depends(only("technician", "company"))]

_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, until you leave.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
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


@router.get(
    "/fleet/stream", response_class=StreamingResponse, responses=_EVENTS, summary="All offers, as they are sent"
)
async def stream_fleet(
    request: Request, actor: Gateway, reader: Annotated[FleetReader, Depends(fleet_reader)]
) -> EventSourceResponse:
    """For a gateway that passes offers on to phones. Events:

    - `offer`: an offer exactly as it was sent, with what its technician may know before they have the job;
    - `ended`: an offer that can no longer be answered, and how it ended.

    Without `Last-Event-ID` it begins with the offers that live. With it, everything committed since is told, at least
    once; ids stand at the end of each batch. A place older than a day begins anew.
    """
    return _stream(request, actor, "fleet", reader)


def offers_reader(request: Request, actor: Asked) -> OffersReader:
    """A reader whose first list is read."""
    return OffersReader(parts_of(request).engine, actor)


@router.get(
    "/offers/stream", response_class=StreamingResponse, responses=_EVENTS, summary="Your offers, as they change"
)
async def stream_offers(
    request: Request, actor: Asked, reader: Annotated[OffersReader, Depends(offers_reader)]
) -> EventSourceResponse:
    """For a technician, or a company for all its workers. One event, at once and whenever it changes:

    - `offers`: the full list of offers that can be answered, each as `GET /v1/offers` gives it.

    There is nothing to go on from: each event says all.
    """
    return _stream(request, actor, "fleet", reader)


def board_reader(request: Request, actor: Requester, place: PlaceInStream) -> BoardReader:
    """A reader whose first batch is read."""
    assert actor.client_id is not None
    hub, channel = hub_of(request), f"board:{actor.client_id}"
    tail = hub.tails.of(actor.client_id)
    return BoardReader(parts_of(request).engine, actor, place, tail, lambda: hub.num_rings(channel))


@router.get("/board/stream", response_class=StreamingResponse, responses=_EVENTS, summary="The board, as it changes")
async def stream_board(
    request: Request, actor: Requester, reader: Annotated[BoardReader, Depends(board_reader)]
) -> EventSourceResponse:
    """The board's snapshot and the frames that follow it, numbered without gaps. Events:

    - `snapshot`: the document of `GET /v1/board`; forget what you had. Sent first, unless `Last-Event-ID` names a place
      whose frames are all kept, and again whenever there is a gap;
    - `frame`: a change, in the order of commit.

    A snapshot may be ahead of the log: leave out frames whose `event_id` it lists in `ahead`. For a job and a visit the
    same can be told by `subject_seq`, which is not above the `event_seq` that the snapshot states.
    """
    return _stream(request, actor, f"board:{actor.client_id}", reader)


def _stream(request: Request, actor: Actor, channel: str, reader: Reader) -> EventSourceResponse:
    parts, hub = parts_of(request), hub_of(request)
    # A proxy that buffers would keep events back.
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(follow(parts.engine, hub, actor, channel, reader), headers=headers)


async def follow(engine: Engine, hub: Hub, actor: Actor, channel: str, reader: Reader) -> AsyncGenerator[bytes, None]:
    """Whatever the reader finds, now and whenever the channel rings, until the stream has to end.

    Who reads slowly is waited for, and holds nothing meanwhile but the batch.
    """
    guarded = _Guarded(engine, actor, reader)
    sent_at = time.monotonic()
    with hub.ear(channel) as ear:
        while not ear.is_closed:
            try:
                batch = await guarded.next(hub)
            except SQLAlchemyError as error:
                _log.warning("a stream could not read (%s): trying again", type(error).__name__)
                await ear.wait(_RETRY_S)
                continue
            if batch is None:
                return
            if not batch and time.monotonic() - sent_at >= _PING_S:
                batch = [_PING]
            for chunk in _chunks(batch):
                yield chunk
                sent_at = time.monotonic()
            if reader.has_more:
                continue
            if batch:
                # What comes in quick succession is told together.
                await asyncio.sleep(_GATHER_S)
            await ear.wait(POLL_S)


class _Guarded:
    """A reader that reads only while the key that opened the stream counts."""

    def __init__(self, engine: Engine, actor: Actor, reader: Reader) -> None:
        self._engine = engine
        self._actor = actor
        self._reader = reader
        self._known_at = time.monotonic()

    async def next(self, hub: Hub) -> list[Told] | None:
        """What is new, None at the end: known already, or read in a thread, once for all who are told the same."""
        reader = self._reader
        if not isinstance(reader, BoardReader):
            return await to_thread.run_sync(self.read, limiter=hub.readers)
        if not self._is_known and not await to_thread.run_sync(self._counts, limiter=hub.readers):
            return None
        if (known := reader.quick()) is not None:
            return known
        async with reader.tail.turn:
            if (known := reader.quick()) is not None:
                return known
            return await to_thread.run_sync(reader.read, limiter=hub.readers)

    def read(self) -> list[Told] | None:
        """What is new; None when the key is revoked, has expired, or nobody could tell for too long."""
        return self._reader.read() if self._counts() else None

    @property
    def _is_known(self) -> bool:
        return time.monotonic() - self._known_at < KEY_CHECK_S

    def _counts(self) -> bool:
        age_s = time.monotonic() - self._known_at
        if age_s >= _UNKNOWN_S:
            return False
        if age_s >= KEY_CHECK_S:
            if not _is_alive(self._engine, self._actor):
                return False
            self._known_at = time.monotonic()
        return True


def _chunks(batch: list[Told]) -> Iterator[bytes]:
    """The batch as bytes, some events at a time."""
    for num in range(0, len(batch), _EVENTS_A_CHUNK):
        yield b"".join(_event(told) for told in batch[num : num + _EVENTS_A_CHUNK])


def _event(told: Told) -> bytes:
    if told is _PING:
        return KEEPALIVE_COMMENT
    if told.packed is not None:
        return told.packed
    if told.data is None:
        return format_sse_event(comment=told.event, id=told.id)
    return pack(told.event, told.data, told.id)


def _is_alive(engine: Engine, actor: Actor) -> bool:
    """Whether the key or the session that opened the stream still counts; a session is in use while it listens."""
    if actor.session_id is not None:
        with transaction(engine, ENGINE, role="engine") as session:
            now = still(session, actor.session_id)
        return now is not None and (now.kind, now.id) == (actor.kind, actor.id)
    is_current = ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.clock_timestamp())
    with transaction(engine, ENGINE, role="engine") as session:
        found = session.scalar(
            select(ApiKeyRow.id).where(ApiKeyRow.id == actor.key_id, ApiKeyRow.revoked_at.is_(None), is_current)
        )
    return found is not None
