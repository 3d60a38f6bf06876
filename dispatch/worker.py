"""The dispatcher process: what is due is done, at once when the bell rings, at the latest a second later."""

import logging
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dispatch.bell import Bell
from dispatch.feed import REFRESH_WITHIN_S, Feed
from dispatch.jobs.sweeps import sweep
from dispatch.record.chain import seal
from dispatch.record.relay import relay
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.rehearsal import rehearse
from dispatch.reputation.sweeps import DUE as OF_REPUTATION
from dispatch.visits.sweeps import DUE, sweep_visits
from geo.restdays import region_of

_log = logging.getLogger(__name__)

#: The longest time that due work waits when no bell rings.
POLL_S = 1.0
#: How soon after a ring the board's log is brought up to date, and no more often.
RELAY_S = 0.2
#: How often the day's own deadlines are looked at.
VISITS_S = 1.0
#: How often events are sealed.
SEAL_S = 10.0


@dataclass(slots=True)
class Dispatcher:
    """One dispatcher: its connections, its index, its counters.

    Any number may run; PostgreSQL lets each due thing be done by one of them.
    """

    engine: Engine
    bell: Bell
    feed: Feed = field(default_factory=Feed)
    seed: int = 0
    num_done: int = 0
    num_faults: int = 0
    _position: str = "0"
    _sealed_at: float = 0.0
    _relayed_at: float = 0.0
    _is_told: bool = False

    def turn(self) -> int:
        """Do once everything that is due: how many things were done.

        A turn in which nothing is due costs two short transactions: every answer of a technician rings the bell.
        """
        if not self.feed.is_loaded:
            self._refresh()
        self._read_positions()
        done = sweep(
            self._transaction, self.feed, seed=self.seed, after_wave=self.bell.ring_fleet, on_fault=self._note_fault
        )
        if time.monotonic() - self._relayed_at >= RELAY_S:
            self._relay()
        if time.monotonic() - self._sealed_at >= SEAL_S:
            with self._transaction() as session:
                seal(session, database_now(session))
            self._sealed_at = time.monotonic()
        self.num_done += done
        if done:
            # What this turn changed is read now, while nobody waits for it, and not when the next job is posted.
            self._refresh()
        return done

    def run(self, stop: threading.Event) -> None:
        """Turn until told to stop. A fault is logged and counted, and the next turn tries again."""
        while not stop.is_set():
            try:
                self.turn()
                # Whoever rang wrote something that the board is to tell soon: then the next look is not far.
                if self.bell.wait("bell", POLL_S if self._is_told else RELAY_S):
                    self._is_told = False
            except Exception:
                self.num_faults += 1
                _log.exception("a turn failed; trying again (%d so far)", self.num_faults)
                stop.wait(POLL_S / 2)

    def _transaction(self, deadline_s: float | None = None) -> AbstractContextManager[Session]:
        return transaction(self.engine, ENGINE, role="engine", deadline_s=deadline_s)

    def _relay(self) -> None:
        self._relayed_at, self._is_told = time.monotonic(), True
        with self._transaction() as session:
            frames = relay(session)
        for client_id in sorted({frame.client_id for frame in frames}):
            self.bell.ring_board(client_id)

    def _note_fault(self, round_id: UUID, error: Exception) -> None:
        self.num_faults += 1
        _log.error("round %s failed; trying again next turn (%d so far)", round_id, self.num_faults, exc_info=error)

    def _refresh(self) -> None:
        with self._transaction(REFRESH_WITHIN_S) as session:
            self.feed.refresh(session, now=database_now(session))

    def _read_positions(self) -> None:
        for place, here in self.bell.positions(self._position):
            self.feed.move(here.technician_id, here.lat, here.lng, here.until_s)
            self._position = place


def watch_day(engine: Engine, bell: Bell, stop: threading.Event) -> None:
    """Look at the day's own deadlines until told to stop: beside the waves, so that nobody's offer waits for it."""
    while not stop.is_set():
        started = time.monotonic()
        try:
            if sweep_visits(lambda: transaction(engine, ENGINE, role="engine"), (*DUE, *OF_REPUTATION)):
                bell.ring()
        except Exception:
            _log.exception("a look at the day failed; trying again")
        stop.wait(max(VISITS_S / 2, VISITS_S - (time.monotonic() - started)))


def run(database_url: str, redis_url: str, stop: threading.Event, *, seed: int = 0) -> None:
    """Be the dispatcher process until `stop` is set."""
    engine = connect(database_url, pool_size=2, name="truckroll dispatcher")
    of_day = connect(database_url, pool_size=1, name="truckroll day")
    try:
        rehearse(engine)
        region_of("US", "TX")  # reads the holidays of the whole world, which no sweep should wait for
        day = threading.Thread(target=watch_day, args=(of_day, Bell(redis_url), stop), name="day", daemon=True)
        day.start()
        Dispatcher(engine, Bell(redis_url), seed=seed).run(stop)
        day.join(timeout=5.0)
    finally:
        engine.dispose()
        of_day.dispose()
