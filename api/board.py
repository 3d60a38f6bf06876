"""What goes on? The board of a client's staff: a snapshot, and the frames that follow it."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Engine

from api.auth import Requester
from api.boardstate import read_board
from api.boardtail import MAX_AT_ONCE, Part, Piece, Tail, part_of
from api.idempotency import Reply, to_response
from api.parts import parts_of
from api.schemas.board import BoardOut
from api.schemas.live import FrameOut
from api.snapshots import one_moment
from api.telling import Told, pack
from dispatch.record.events import as_told
from dispatch.record.relay import Frame, Frames, read_frames
from dispatch.record.session import Actor, transaction

#: Frames read at once for all.
_MAX_FRAMES = 500

router = APIRouter(prefix="/v1/board", tags=["streams"])


@router.get("", response_model=BoardOut, summary="All work that is not over")
def get_board(
    request: Request,
    actor: Requester,
    job_id: Annotated[
        list[UUID] | None,
        Query(max_length=100, description="Only these jobs; one that is not answered is not on the board."),
    ] = None,
) -> Response:
    """Everything on your board, as it was at one moment; the stream goes on from its `seq`.

    Whoever was told of changes reads the jobs that they are about, and nothing else.
    """
    with one_moment(parts_of(request).engine, actor) as session:
        found = read_board(session, actor, job_id)
    return to_response(Reply(found, headers={"Cache-Control": "private, no-store"}))


class BoardReader:
    """Reads one client's board for one stream: a snapshot first, unless there is a place to go on from.

    What most streams need is in the client's `tail` already, read once for all; who is further behind reads alone.
    """

    def __init__(self, engine: Engine, actor: Actor, after_seq: int | None, tail: Tail) -> None:
        self.has_more = True
        self.tail = tail
        self._engine = engine
        self._actor = actor
        self._after_seq = after_seq
        self._first: list[Told] | None = None
        self._first = self.read()

    def quick(self) -> list[Told] | None:
        """What is new, where that is known without reading: None where it isn't."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        log = self.tail.log
        part = log.after(self._after_seq) if log is not None and self._after_seq is not None else None
        return None if part is None else self._take(part)

    def refresh(self) -> bool:
        """Bring the tail up to date for all: whether that was everything; for one at a time."""
        return self.tail.refresh(self._after_seq or 0, partial(self._read, limit=_MAX_FRAMES), _packed)

    def read(self) -> list[Told]:
        """What is new since the last call."""
        if (known := self.quick()) is not None:
            return known
        if self._after_seq is not None:
            found = self._read(self._after_seq, limit=MAX_AT_ONCE)
            if found.frames:
                pieces = [Piece(frame.seq, _packed(frame)) for frame in found.frames]
                return self._take(part_of(pieces, is_all=len(pieces) < MAX_AT_ONCE))
            if not found.is_gap:
                self.has_more = False
                return []
        piece = self.tail.snapshot(self._actor.kind, self._snapshot)
        self._after_seq, self.has_more = piece.seq, True
        return [Told("snapshot", packed=piece.body, id=str(piece.seq))]

    def _take(self, part: Part) -> list[Told]:
        self._after_seq, self.has_more = part.seq, not part.is_all
        return part.told

    def _read(self, after_seq: int, limit: int) -> Frames:
        assert self._actor.client_id is not None
        with transaction(self._engine, self._actor) as session:
            return read_frames(session, self._actor.client_id, after_seq, limit)

    def _snapshot(self) -> Piece:
        with one_moment(self._engine, self._actor) as session:
            board = read_board(session, self._actor)
        return Piece(board.seq, pack("snapshot", board, str(board.seq)))


def _packed(frame: Frame) -> bytes:
    return pack("frame", show_frame(frame), str(frame.seq))


def show_frame(frame: Frame) -> FrameOut:
    """A frame as the client's staff may see it."""
    same: dict[str, Any] = {name: getattr(frame, name) for name in FrameOut.model_fields if name != "data"}
    return FrameOut(**same, data=as_told(frame.kind, frame.data, "client"))
