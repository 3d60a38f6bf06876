"""What goes on? The board of a client's staff: a snapshot, and the frames that follow it."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Engine

from api.auth import Requester
from api.boardstate import read_board
from api.boardtail import Piece, Tail
from api.idempotency import Reply, to_response
from api.parts import parts_of
from api.schemas.board import BoardOut
from api.schemas.live import FrameOut
from api.snapshots import one_moment
from api.telling import Told, pack
from dispatch.record.events import as_told
from dispatch.record.relay import Frame, Frames, read_frames
from dispatch.record.session import Actor, transaction

#: Frames read at once.
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

    What it reads is read once for all streams of the client (`boardtail`). `rings` counts what rang for the board.
    """

    def __init__(
        self, engine: Engine, actor: Actor, after_seq: int | None, tail: Tail, rings: Callable[[], int]
    ) -> None:
        self.has_more = True
        self.tail = tail
        self._engine = engine
        self._actor = actor
        self._after_seq = after_seq
        self._rings = rings
        self._first: list[Told] | None = self._next()

    def quick(self) -> list[Told] | None:
        """What is new, where that is known without reading: None where it isn't."""
        if self._first is not None or self._after_seq is None or not self.tail.is_fresh(self._rings()):
            return None
        pieces = self.tail.after(self._after_seq)
        return None if pieces is None else self._told(pieces)

    def read(self) -> list[Told]:
        """What is new since the last call."""
        first, self._first = self._first, None
        return first if first is not None else self._next()

    def _next(self) -> list[Told]:
        if self._after_seq is not None:
            pieces = self._pieces(self._after_seq)
            if pieces is not None:
                return self._told(pieces)
        piece = self.tail.snapshot(self._actor.kind, self._snapshot)
        self._after_seq, self.has_more = piece.seq, True
        return [Told("snapshot", packed=piece.body, id=str(piece.seq))]

    def _pieces(self, after_seq: int) -> list[Piece] | None:
        """The frames after a place; None where there is a gap."""
        if self.tail.refresh(self._rings(), after_seq, self._read, _packed):
            pieces = self.tail.after(after_seq)
            if pieces is not None:
                return pieces
        found = self._read(after_seq)
        return None if found.is_gap else [Piece(frame.seq, _packed(frame)) for frame in found.frames]

    def _told(self, pieces: list[Piece]) -> list[Told]:
        self.has_more = len(pieces) >= _MAX_FRAMES
        if pieces:
            self._after_seq = pieces[-1].seq
        return [Told("frame", packed=piece.body, id=str(piece.seq)) for piece in pieces]

    def _read(self, after_seq: int) -> Frames:
        assert self._actor.client_id is not None
        with transaction(self._engine, self._actor) as session:
            return read_frames(session, self._actor.client_id, after_seq, _MAX_FRAMES)

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
