"""Messages as people get them, in tests: the courier's work done now, and adapters that keep what they send.

A `Carrier` is a way out of its own for tests that need to read what was sent; the real adapters have tests of theirs.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from worlds import World

from dispatch.messages.adapters import Adapter, Adapters, Failed, Message, Outcome, Sent
from dispatch.messages.delivery import send_notices
from dispatch.messages.digests import gather
from dispatch.messages.reading import tell


@dataclass
class Carrier:
    """Keeps what it was given, or fails as it is told to."""

    sent: list[Message] = field(default_factory=list)
    fails: Failed | None = None

    def send(self, message: Message) -> Outcome:
        if self.fails is not None:
            return self.fails
        self.sent.append(message)
        return Sent(f"ref-{len(self.sent)}")


@dataclass
class Post:
    """The courier's two sides, turned by hand: what happened becomes notices, what is due is delivered."""

    world: World
    adapters: dict[str, Adapter] = field(default_factory=dict)
    carrier: Carrier = field(default_factory=Carrier)

    def __post_init__(self) -> None:
        for channel in ("push", "sms", "mail", "voice"):
            self.adapters.setdefault(channel, self.carrier)

    def goes_out(self) -> list[Message]:
        """Everything that is due now; answers what was sent since the last time."""
        before = len(self.carrier.sent)
        self.reads()
        while due := self._due():
            for notices, attempt, num_tries in due:
                self.delivers(notices, attempt, num_tries)
            self.reads()
        return self.carrier.sent[before:]

    def reads(self) -> None:
        """Make the notices of all that was committed, and gather the digests that are due.

        Transactions of other tests share the server and its numbers: what came after one of theirs is waited for.
        """
        until_s = time.monotonic() + 90
        while self.reads_once() or (self._is_behind() and time.monotonic() < until_s):
            time.sleep(0.002)

    def reads_once(self) -> int:
        with self.world.as_engine() as (session, now):
            return tell(session, now) + gather(session, now)

    def _is_behind(self) -> bool:
        with self.world.as_engine() as (session, _):
            return bool(session.execute(_BEHIND).scalar_one())

    def delivers(self, notices: list[UUID], attempt: int, num_tries: int) -> None:
        adapters: Adapters = self.adapters  # type: ignore[assignment]
        send_notices(self.world.engine, adapters, notices, attempt, num_tries)

    def _due(self) -> list[tuple[list[UUID], int, int]]:
        """The errands that the courier would take now, taken."""
        with self.world.as_engine() as (session, _):
            session.execute(_IN_QUEUE)
            rows = session.execute(_TAKE).all()
        return [(list(map(UUID, row.notices)), row.attempt, row.num_tries) for row in rows]

    def waits(self) -> list[tuple[UUID, datetime]]:
        """Errands that wait for their time."""
        with self.world.as_engine() as (session, _):
            rows = session.execute(_WAITING).all()
        return [(UUID(notice), row.scheduled_at) for row in rows for notice in row.notices]

    def time_comes(self) -> None:
        """As if every waiting errand's time had come, and every notice's."""
        with self.world.as_engine() as (session, _):
            session.execute(_IN_QUEUE)
            session.execute(text("UPDATE queue.procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))
            session.execute(text("UPDATE notices SET until_at = now() WHERE until_at IS NOT NULL"))

    def fates(self, *columns: str) -> list[tuple[object, ...]]:
        """These columns of all notices, oldest first."""
        with self.world.as_engine() as (session, _):
            return [
                tuple(row) for row in session.execute(text(f"SELECT {', '.join(columns)} FROM notices ORDER BY id"))
            ]


def to(messages: Iterable[Message], address: str) -> list[Message]:
    """Those that went to this address."""
    return [each for each in messages if each.address == address]


_BEHIND = text("SELECT EXISTS (SELECT FROM events e JOIN cursors c ON c.name = 'notices' WHERE e.xid >= c.below_xid)")
#: Procrastinate's triggers look for its tables by name.
_IN_QUEUE = text("SET LOCAL search_path = public, queue")
_ARGS = "args -> 'notices' AS notices, (args ->> 'attempt')::int AS attempt, (args ->> 'num_tries')::int AS num_tries"
_TAKE = text(f"""
DELETE FROM queue.procrastinate_jobs
WHERE task_name = 'deliver_notices' AND status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
RETURNING {_ARGS}
""")
_WAITING = text(
    f"SELECT {_ARGS}, scheduled_at FROM queue.procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL"
)
