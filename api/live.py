"""What is new, as it happens? Server-sent events, told to each stream by its reader.

A stream reads the record in a thread, a batch at a time, and holds no connection between two reads. It is woken by the
hub and looks by itself every other second; boards are woken when what is new was read for all of them. Errors before
the first event are answered as problems; afterwards a reader that cannot read tries again, and the stream ends when its
key is revoked or its session ends, its listener leaves or the process ends.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from sqlalchemy.exc import SQLAlchemyError

from api.auth import Gateway, Requester, only
from api.board import BoardReader
from api.fleet import FleetReader
from api.hub import Hub, hub_of
from api.offerreading import OffersReader
from api.parts import parts_of
from api.telling import Reader, Told, pack
from dispatch.errors import BadInput
from dispatch.record.session import Actor

_log = logging.getLogger(__name__)

#: Seconds between two looks when nobody rings; after a failed read.
POLL_S = 2.0
_RETRY_S = 0.5
#: Seconds of silence after which a comment is sent, so that nobody on the way thinks that the line is dead.
_PING_S = 15.0
#: Seconds between two batches of one stream.
_GATHER_S = 0.1
_EVENTS_A_CHUNK = 50
#: Bytes that are handed over at once: a reader who stalls holds no more than these and the line's own buffer.
_MAX_CHUNK = 65_536
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
    return BoardReader(parts_of(request).engine, actor, place, hub_of(request).tails.of(actor.client_id))


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
    # A proxy that buffers would keep events back.
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(follow(hub_of(request), actor, channel, reader), headers=headers)


async def follow(hub: Hub, actor: Actor, channel: str, reader: Reader) -> AsyncGenerator[bytes, None]:
    """Whatever the reader finds, now and whenever the channel rings, until the stream has to end.

    Who reads slowly is waited for, and holds nothing meanwhile but the batch.
    """
    sent_at = time.monotonic()
    is_board = isinstance(reader, BoardReader)
    with _kept(hub, channel, reader) as told, hub.ear(told) as ear, hub.watch.over(actor, ear.ring) as key:
        while not ear.is_closed and key.counts:
            try:
                batch = await _read(reader, hub)
            except SQLAlchemyError as error:
                _log.warning("a stream could not read (%s): trying again", type(error).__name__)
                await ear.wait(_RETRY_S)
                continue
            if not batch and time.monotonic() - sent_at >= _PING_S:
                batch = [_PING]
            for chunk in _chunks(batch):
                yield chunk
                sent_at = time.monotonic()
            if reader.has_more:
                continue
            if batch and not is_board:
                # What comes in quick succession is told together.
                await asyncio.sleep(_GATHER_S)
            await ear.wait(_PING_S if is_board else POLL_S)


@contextmanager
def _kept(hub: Hub, channel: str, reader: Reader) -> Iterator[str]:
    """The channel to listen to: of a board, that on which its keeper rings, who is there for as long as any board."""
    if not isinstance(reader, BoardReader):
        yield channel
        return
    tail, told = reader.tail, f"told:{channel}"
    tail.num_streams += 1
    if tail.keeper is None:
        tail.keeper = asyncio.create_task(_keep(hub, channel, told, reader))
    try:
        yield told
    finally:
        tail.num_streams -= 1
        if tail.num_streams == 0:
            tail.keeper.cancel()
            tail.forget()


async def _keep(hub: Hub, channel: str, told: str, reader: BoardReader) -> None:
    """Whenever the bell of a client's boards rings, read what is new for all of them and wake them."""
    tail = reader.tail
    with hub.ear(channel) as ear:
        while not ear.is_closed:
            before, is_all = tail.log, True
            try:
                is_all = await to_thread.run_sync(reader.refresh, limiter=hub.readers)
            except SQLAlchemyError as error:
                _log.warning("a board could not be read (%s): trying again", type(error).__name__)
                await ear.wait(_RETRY_S)
                continue
            except Exception:
                _log.exception("a board's log could not be kept: each stream reads for itself")
                tail.log = None
            if tail.log is None or tail.log is not before:
                hub.ring(told)
            if is_all:
                await asyncio.sleep(_GATHER_S)
                await ear.wait(POLL_S)


async def _read(reader: Reader, hub: Hub) -> list[Told]:
    """What is new: read in a thread, unless it is known already."""
    if isinstance(reader, BoardReader) and (known := reader.quick()) is not None:
        return known
    return await to_thread.run_sync(reader.read, limiter=hub.readers)


def _chunks(batch: list[Told]) -> Iterator[bytes]:
    """The batch as bytes, some events at a time."""
    for num in range(0, len(batch), _EVENTS_A_CHUNK):
        chunk = b"".join(_event(told) for told in batch[num : num + _EVENTS_A_CHUNK])
        if len(chunk) <= _MAX_CHUNK:
            yield chunk
        else:
            yield from (chunk[at : at + _MAX_CHUNK] for at in range(0, len(chunk), _MAX_CHUNK))


def _event(told: Told) -> bytes:
    if told is _PING:
        return KEEPALIVE_COMMENT
    if told.packed is not None:
        return told.packed
    if told.data is None:
        return format_sse_event(comment=told.event, id=told.id)
    return pack(told.event, told.data, told.id)
