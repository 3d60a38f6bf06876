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
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.rehearsal import rehearse
from dispatch.reputation.sweeps import DUE as OF_REPUTATION
from dispatch.visits.sweeps import due_with, sweep_visits
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
    """What sends the waves: its connections, its index, its counters.

    Any number may run; PostgreSQL lets each due thing be done by one of them. Nothing else is done in its thread: an
    offer would wait for it.
    """

    engine: Engine
    bell: Bell
    feed: Feed = field(default_factory=Feed)
    seed: int = 0
    num_done: int = 0
    num_faults: int = 0
    _position: str = "0"

    def turn(self) -> int:
        """Do once everything that is due: how many things were done.

        A turn in which nothing is due costs a short transaction: every answer of a technician rings the bell.
        """
        if not self.feed.is_loaded:
            self._refresh()
        self._read_positions()
        done = sweep(
            self._transaction, self.feed, seed=self.seed, after_wave=self.bell.ring_fleet, on_fault=self._note_fault
        )
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
                self.bell.wait("bell", POLL_S)
            except Exception:
                self.num_faults += 1
                _log.exception("a turn failed; trying again (%d so far)", self.num_faults)
                stop.wait(POLL_S / 2)

    def _transaction(self, deadline_s: float | None = None) -> AbstractContextManager[Session]:
        return transaction(self.engine, ENGINE, role="engine", deadline_s=deadline_s)

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


@dataclass(slots=True)
class Clerk:
    """What keeps the record's own books: the board's log up to date, and events sealed. One at a time works."""

    engine: Engine
    bell: Bell
    _sealed_at: float = float("-inf")

    def turn(self) -> int:
        """Number what committed since the last turn, and seal when it is time: how many frames there are more."""
        with transaction(self.engine, ENGINE, role="engine") as session:
            frames = relay(session)
        for client_id in sorted({frame.client_id for frame in frames}):
            self.bell.ring_board(client_id)
        if time.monotonic() - self._sealed_at >= SEAL_S:
            with transaction(self.engine, ENGINE, role="engine") as session:
                seal(session, database_now(session))
            self._sealed_at = time.monotonic()
        return len(frames)

    def run(self, stop: threading.Event) -> None:
        """Turn until told to stop. A fault is logged, and the next turn tries again."""
        is_quiet, turned_at = False, float("-inf")
        while not stop.is_set():
            try:
                # Whoever rang wrote something that the board is to tell soon: then the next look is not far.
                rang = self.bell.wait("bell", POLL_S if is_quiet else RELAY_S)
                stop.wait(max(0.0, RELAY_S - (time.monotonic() - turned_at)))
                turned_at = time.monotonic()
                is_quiet = self.turn() == 0 and not rang
            except Exception:
                _log.exception("the board's log could not be kept; trying again")
                stop.wait(POLL_S / 2)


def watch_day(engine: Engine, bell: Bell, stop: threading.Event, ring: KeyRing = NO_KEYS) -> None:
    """Look at the day's own deadlines until told to stop: beside the waves, so that nobody's offer waits for it."""
    due = (*due_with(ring), *OF_REPUTATION)
    while not stop.is_set():
        started = time.monotonic()
        try:
            if sweep_visits(lambda: transaction(engine, ENGINE, role="engine"), due):
                bell.ring()
        except Exception:
            _log.exception("a look at the day failed; trying again")
        stop.wait(max(VISITS_S / 2, VISITS_S - (time.monotonic() - started)))


def run(
    database_url: str,
    redis_url: str,
    stop: threading.Event,
    *,
    seed: int = 0,
    ring: KeyRing = NO_KEYS,
    is_for_life: bool = False,
) -> None:
    """Be the dispatcher process until `stop` is set; `is_for_life` when the process does nothing else (`Feed`)."""
    engine = connect(database_url, pool_size=2, name="truckroll dispatcher")
    of_day = connect(database_url, pool_size=1, name="truckroll day")
    of_record = connect(database_url, pool_size=1, name="truckroll record")
    bells = of_waves, of_visits, of_frames = Bell(redis_url), Bell(redis_url), Bell(redis_url)
    try:
        rehearse(engine)
        region_of("US", "TX")  # reads the holidays of the whole world, which no sweep should wait for
        beside = [
            threading.Thread(target=watch_day, args=(of_day, of_visits, stop, ring), name="day", daemon=True),
            threading.Thread(target=Clerk(of_record, of_frames).run, args=(stop,), name="record", daemon=True),
        ]
        for each in beside:
            each.start()
        Dispatcher(engine, of_waves, Feed(is_for_life=is_for_life), seed=seed).run(stop)
        for each in beside:
            each.join(timeout=5.0)
    finally:
        for bell in bells:
            bell.close()
        for each_engine in (engine, of_day, of_record):
            each_engine.dispose()
