"""What does every route need? The database, the bell, the index: opened with the application, closed with it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.requests import Request

from api.limits import Limiter
from api.metrics import Metrics
from dispatch.bell import Bell
from dispatch.errors import OutcomeUnknown
from dispatch.feed import REFRESH_WITHIN_S, Feed
from dispatch.files.storing import FileStore
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.settings import Settings
from dispatch.signin.oidc import Provider

_log = logging.getLogger(__name__)

#: Seconds between two looks at what changed; and after this many, the index is said to be stale.
REFRESH_S = 0.5
STALE_S = 2.0

#: States in which the server went away; with any other it says itself that it rolled back.
_LOST = ("08", "57P")

#: Who sees more than one tenant: the operator and the gateway read as the engine, and the code narrows.
_WHOLE = ("operator", "gateway")


@dataclass(slots=True)
class Parts:
    """What the application holds while it runs. `keys` caches who a key is, see `api.auth`.

    `provider` is the OpenID provider of this installation, where it has one; `ring` seals.
    """

    settings: Settings
    engine: Engine
    bell: Bell
    limiter: Limiter
    metrics: Metrics
    files: FileStore
    provider: Provider | None = None
    ring: KeyRing = NO_KEYS
    feed: Feed = field(default_factory=Feed)
    keys: dict[bytes, tuple[Actor, float]] = field(default_factory=dict)
    num_faults: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _position: str = "0"

    @property
    def is_stale(self) -> bool:
        """The index may lag behind the record by more than is fair to say nothing about."""
        return self.feed.staleness_s() > STALE_S

    def keep_fresh(self) -> Callable[[], None]:
        """Bring the index up to date in a thread of its own, again and again; returns what ends it."""
        thread = threading.Thread(target=self._refresh_until_stopped, name="index", daemon=True)
        thread.start()

        def end() -> None:
            self._stop.set()
            thread.join(timeout=5)

        return end

    def refresh(self) -> None:
        """Bring the index up to what is committed now."""
        with transaction(self.engine, ENGINE, role="engine", deadline_s=REFRESH_WITHIN_S) as session:
            self.feed.refresh(session, now=database_now(session))
            for place, here in self.bell.positions(self._position):
                self.feed.move(here.technician_id, here.lat, here.lng, here.until_s)
                self._position = place

    def _refresh_until_stopped(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self.refresh()
            except Exception as error:
                self.num_faults += 1
                _log.warning("the index could not be refreshed (%s): trying again", type(error).__name__)
            self._stop.wait(max(0.05, REFRESH_S - (time.monotonic() - started)))


def parts_of(request: Request) -> Parts:
    """The parts of the application that answers this request."""
    parts: Parts = request.app.state.parts
    return parts


@contextmanager
def reading(request: Request, actor: Actor) -> Iterator[Session]:
    """A transaction that reads what the actor may see: by row-level security, save for those who see all."""
    role = "engine" if actor.kind in _WHOLE else "app"
    with transaction(parts_of(request).engine, actor, role=role) as session:
        yield session


@contextmanager
def writing(request: Request, actor: Actor, role: str) -> Iterator[Session]:
    """A transaction that writes; committed when the block ends.

    Raises
    ------
    OutcomeUnknown
        When the connection is lost while it commits: it may be done or not. Lost before, nothing is done.
    """
    is_committing = False
    try:
        with transaction(parts_of(request).engine, actor, role=role) as session:
            yield session
            session.flush()
            is_committing = True
    except DBAPIError as error:
        if is_committing and (getattr(error.orig, "pgcode", None) or _LOST[0]).startswith(_LOST):
            raise OutcomeUnknown(f"{request.method} {request.url.path}") from error
        raise
