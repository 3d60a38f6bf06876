"""How do tests bring the board's log up to date? As the dispatcher's process does after each turn, waiting for it."""

from sqlalchemy import select
from town import Town

from dispatch.bell import Bell
from dispatch.record.relay import relay
from dispatch.record.tables import BoardFrameRow, EventRow


def relayed(town: Town) -> None:
    """Number what is committed so far, until every event has its frame, and ring.

    A transaction that runs anywhere on the server, in another test's database too, holds the relay back meanwhile.
    """
    bell = Bell(town.settings.redis_url)
    with town.world.as_engine() as (session, _):
        events = set(session.scalars(select(EventRow.id).where(EventRow.client_id.is_not(None))))
    while True:
        with town.world.as_engine() as (session, _):
            clients = {frame.client_id for frame in relay(session)}
            is_done = events <= set(session.scalars(select(BoardFrameRow.event_id)))
        for client in clients:
            bell.ring_board(client)
        if is_done:
            return
