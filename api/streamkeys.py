"""Does what opened a stream still count? One look for all streams of the process, every few seconds.

A key may be revoked and a session end while somebody listens. If each of a thousand streams asked for itself, that
would be two hundred reads a second.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.signin.sessions import all_still
from dispatch.talent.keys import current

_log = logging.getLogger(__name__)

#: Seconds between two looks.
KEY_CHECK_S = 5.0
#: Seconds for which a stream lives on while nobody can tell whether what opened it counts.
_UNKNOWN_S = 30.0


@dataclass(eq=False, slots=True)
class Watched:
    """What opened one stream; `end` wakes the stream when it counts no more."""

    actor: Actor
    end: Callable[[], None]
    known_at: float = field(default_factory=time.monotonic)
    is_over: bool = False

    @property
    def counts(self) -> bool:
        """Whether it did when somebody looked last, which is not long ago."""
        return not self.is_over and time.monotonic() - self.known_at < _UNKNOWN_S


class Watch:
    """All that opened streams of this process; used in the event loop alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: set[Watched] = set()

    @contextmanager
    def over(self, actor: Actor, end: Callable[[], None]) -> Iterator[Watched]:
        """Watch over a stream until the block ends."""
        found = Watched(actor, end)
        self._all.add(found)
        try:
            yield found
        finally:
            self._all.discard(found)

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(KEY_CHECK_S)
            if self._all:
                await self._look()

    async def _look(self) -> None:
        watched, now = list(self._all), time.monotonic()
        try:
            ended = await to_thread.run_sync(ended_of, self._engine, {each.actor for each in watched})
        except SQLAlchemyError as error:
            _log.warning("nobody can tell whose key counts (%s): trying again", type(error).__name__)
            return
        for each in watched:
            each.known_at = now
            if each.actor in ended:
                each.is_over = True
                each.end()


def ended_of(engine: Engine, actors: Collection[Actor]) -> set[Actor]:
    """Those whose key or session counts no more, or speaks for somebody else now; a session is in use meanwhile."""
    keys = {actor.key_id for actor in actors if actor.session_id is None and actor.key_id is not None}
    sessions = {actor.session_id for actor in actors if actor.session_id is not None}
    with transaction(engine, ENGINE, role="engine") as session:
        good = current(session, keys) if keys else set[UUID]()
        still = all_still(session, sessions) if sessions else {}

    def counts(actor: Actor) -> bool:
        if actor.session_id is None:
            return actor.key_id in good
        now = still.get(actor.session_id)
        return now is not None and (now.kind, now.id) == (actor.kind, actor.id)

    return {actor for actor in actors if not counts(actor)}
