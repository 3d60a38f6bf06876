"""What goes on? The board of a client's staff: a snapshot, and the frames that follow it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine

from api.auth import Requester
from api.boardstate import read_board
from api.idempotency import Reply, to_response
from api.parts import parts_of
from api.schemas.board import BoardOut
from api.schemas.live import FrameOut
from api.snapshots import one_moment
from api.telling import Told
from dispatch.record.events import as_told
from dispatch.record.relay import Frame, read_frames
from dispatch.record.session import Actor, transaction

#: Frames read at once.
_MAX_FRAMES = 500

router = APIRouter(prefix="/v1/board", tags=["streams"])


@router.get("", response_model=BoardOut, summary="All work that is not over")
def get_board(request: Request, actor: Requester) -> Response:
    """Everything on your board, as it was at one moment; the stream goes on from its `seq`."""
    with one_moment(parts_of(request).engine, actor) as session:
        found = read_board(session, actor)
    return to_response(Reply(found, headers={"Cache-Control": "private, no-store"}))


class BoardReader:
    """Reads one client's board for one stream: a snapshot first, unless there is a place to go on from."""

    def __init__(self, engine: Engine, actor: Actor, after_seq: int | None) -> None:
        self.has_more = True
        self._engine = engine
        self._actor = actor
        self._after_seq = after_seq
        self._first = self._next()

    def read(self) -> list[Told]:
        """What is new since the last call."""
        first, self._first = self._first, []
        return first or self._next()

    def _next(self) -> list[Told]:
        assert self._actor.client_id is not None
        if self._after_seq is not None:
            with transaction(self._engine, self._actor) as session:
                found = read_frames(session, self._actor.client_id, self._after_seq, _MAX_FRAMES)
            if not found.is_gap:
                self.has_more = len(found.frames) == _MAX_FRAMES
                self._after_seq = found.frames[-1].seq if found.frames else self._after_seq
                return [Told("frame", show_frame(frame), str(frame.seq)) for frame in found.frames]
        with one_moment(self._engine, self._actor) as session:
            board = read_board(session, self._actor)
        self._after_seq, self.has_more = board.seq, True
        return [Told("snapshot", board, str(board.seq))]


def show_frame(frame: Frame) -> FrameOut:
    """A frame as the client's staff may see it."""
    same: dict[str, Any] = {name: getattr(frame, name) for name in FrameOut.model_fields if name != "data"}
    return FrameOut(**same, data=as_told(frame.kind, frame.data, "client"))
