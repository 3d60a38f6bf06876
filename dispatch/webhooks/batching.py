"""How do hundreds of servings read and write without a transaction each? They share the next one.

Whoever asks waits a few milliseconds for others; then one thread does `desk.turn` for all of them. The slower the
database, the more share a turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE, database_now, transaction
from dispatch.webhooks import desk
from dispatch.webhooks.carrier import Rules

#: How long an asker waits for others.
TOGETHER_S = 0.01

_T = TypeVar("_T")
_Asked = tuple[desk.Ask, asyncio.Future[desk.Given]]

#: What is lost with a crash of the server is delivered again, so nobody waits for the disk here.
_RELAXED = text("SET LOCAL synchronous_commit = off")


@dataclass(slots=True)
class Lane:
    """How much is done at once in a lane: for one endpoint, and in all; and how many servings it has."""

    at_once: int
    window: int
    all_at_once: int
    num_places: int
    resolvers: Executor
    num_serving: int = 0
    hands: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.hands = asyncio.Semaphore(self.all_at_once)

    @property
    def has_room(self) -> bool:
        """Servings may stay for what comes next; else each leaves as soon as it has nothing to do."""
        return self.num_serving * 2 <= self.num_places


class Desk:
    """What the servings of one process share: the transaction, the lanes, and who is to be rung."""

    def __init__(self, engine: Engine, rules: Rules, *, num_quick: int, num_troubled: int) -> None:
        self.engine = engine
        self.rules = rules
        self.quick = Lane(8, 200, 400, num_quick, ThreadPoolExecutor(8, "names"))
        self.troubled = Lane(2, 20, 64, num_troubled, ThreadPoolExecutor(8, "troubled names"))
        self._asked: list[_Asked] = []
        self._turning: asyncio.Task[None] | None = None
        self._bells: dict[UUID, asyncio.Event] = {}

    async def ask(self, ask: desk.Ask) -> desk.Given:
        """Bring results and get parcels, in the next transaction."""
        answered: asyncio.Future[desk.Given] = asyncio.get_running_loop().create_future()
        self._asked.append((ask, answered))
        if self._turning is None or self._turning.done():
            self._turning = asyncio.create_task(self._turn())
        return await answered

    async def begin(self, webhook_id: UUID, token: UUID) -> desk.Endpoint | None:
        """Take hold of an endpoint."""
        return await self._do(lambda session, _: desk.begin(session, webhook_id, token))

    async def close(self, webhook_id: UUID, token: UUID, *, is_leaving: bool) -> bool:
        """Let go of an endpoint, unless there is more to do."""
        return await self._do(lambda session, now: desk.close(session, webhook_id, token, now, is_leaving=is_leaving))

    @contextlib.contextmanager
    def bell(self, webhook_id: UUID) -> Iterator[asyncio.Event]:
        """What rings when the endpoint has more to be told."""
        bell = self._bells[webhook_id] = asyncio.Event()
        try:
            yield bell
        finally:
            if self._bells.get(webhook_id) is bell:
                del self._bells[webhook_id]

    def ring(self, webhook_id: UUID) -> None:
        """Wake whoever serves the endpoint, if it is one of ours."""
        if (bell := self._bells.get(webhook_id)) is not None:
            bell.set()

    async def _turn(self) -> None:
        while self._asked:
            await asyncio.sleep(TOGETHER_S)
            asked, self._asked = self._asked, []
            try:
                await self._turn_for(asked)
            except DBAPIError as error:
                # One of them may be to blame, and shall not fail the others; a server that is gone fails all.
                if error.connection_invalidated or len(asked) == 1:
                    _fail(asked, error)
                    continue
                for each in asked:
                    try:
                        await self._turn_for([each])
                    except Exception as own:
                        _fail([each], own)
            except Exception as error:
                _fail(asked, error)

    async def _turn_for(self, asked: list[_Asked]) -> None:
        given = await self._do(partial(_turned, [ask for ask, _ in asked]))
        for ask, answered in asked:
            if not answered.done():
                answered.set_result(given[ask.webhook_id])

    async def _do(self, work: Callable[[Session, datetime], _T]) -> _T:
        return await asyncio.to_thread(self._in_transaction, work)

    def _in_transaction(self, work: Callable[[Session, datetime], _T]) -> _T:
        with transaction(self.engine, ENGINE, role="engine") as session:
            session.execute(_RELAXED)
            return work(session, database_now(session))


def _fail(asked: list[_Asked], error: Exception) -> None:
    for _, answered in asked:
        if not answered.done():
            answered.set_exception(error)


def _turned(asks: list[desk.Ask], session: Session, now: datetime) -> dict[UUID, desk.Given]:
    return desk.turn(session, asks, now)
