"""The courier process: whatever leaves the house is carried there, again and again until it has arrived.

Readers look at what happened and leave errands for it (`READERS`); workers do the errands (`ERRANDS`, in `LANES`).
Any number of couriers may run. A kill -9 loses nothing: what a dead one was doing is taken over seconds later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from procrastinate import App
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dispatch.files.storing import open_store
from dispatch.messages.adapters.choosing import choose_adapters
from dispatch.messages.delivery import ERRAND as DELIVER_NOTICE
from dispatch.messages.digests import gather
from dispatch.messages.reading import tell
from dispatch.privacy.erasing import tend
from dispatch.queue import Errand, make_app
from dispatch.record.datakeys import read_ring
from dispatch.record.relay import FRAMES, prune
from dispatch.record.replies import forget_replies
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.screening.ordering import ERRAND as ORDER_SCREENING
from dispatch.screening.ordering import QUEUE as SCREENING
from dispatch.screening.vendor import HttpScreener
from dispatch.settings import Settings, without_driver
from dispatch.signin.links import QUEUE as SIGN_IN
from dispatch.signin.sending import ERRAND as SEND_LINK
from dispatch.signin.sessions import forget
from dispatch.visits.whereabouts import forget_positions
from dispatch.webhooks.addresses import read_networks
from dispatch.webhooks.batching import Desk
from dispatch.webhooks.carrier import Rules
from dispatch.webhooks.following import CHANNEL, QUICK, TROUBLED, follow_board, forget_delivered, mend
from dispatch.webhooks.serving import SERVE

_log = logging.getLogger(__name__)

#: The longest time that a reader or a worker waits when nobody rings.
POLL_S = 0.5
#: How often a worker says that it lives; and the silence after which what it was doing is taken over.
HEARTBEAT_S = 1.0
STALLED_S = 6.0
#: Seconds that errands get to end when the courier is told to.
ENDS_WITHIN_S = 4.0
#: Errands that failed for good are kept for so long, to be looked at.
KEPT_H = 24 * 14
#: By how much the courier stands back when the processors are busy: offers and answers go first.
NICENESS = 10
_TEND_EVERY_S = 2.0
_KEEP_UP_EVERY_S = 10.0
_AGAIN_S = 0.5
_THREADS = 24

#: Does what is to be fed in one transaction, as the engine: how many things; called again at once while there are any.
Reader = Callable[[Session, datetime], int]


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue, and how many of its errands are done at once: what is stuck in one lane holds up no other."""

    queue: str
    num_at_once: int


#: Messages go one errand at a time, of twenty notices each, which read together what they share: with 16 at once and
#: each notice by itself, the demo's offers came at 2,221 ms at the 99th percentile on two cores, and now at 81 ms, for
#: the database's own processes know no niceness.
LANES = (Lane(QUICK, 200), Lane(TROUBLED, 64), Lane("messages", 1), Lane(SCREENING, 1), Lane(SIGN_IN, 2))
READERS: tuple[Reader, ...] = (follow_board, tell, gather)
ERRANDS: tuple[Errand, ...] = (SERVE, DELIVER_NOTICE, ORDER_SCREENING, SEND_LINK)
#: Done now and then, each in a transaction of its own, as the engine.
UPKEEP: tuple[Reader, ...] = (mend, forget_delivered, forget)


@dataclass(slots=True)
class Courier:
    """One courier: its connections, what it does, its counters."""

    database_url: str
    engine: Engine
    lanes: tuple[Lane, ...] = LANES
    readers: tuple[Reader, ...] = READERS
    errands: tuple[Errand, ...] = ERRANDS
    upkeep: tuple[Reader, ...] = UPKEEP
    #: What webhooks may call.
    rules: Rules = field(default_factory=Rules)
    #: What errands find by name in `Try.parts`.
    parts: Mapping[str, Any] = field(default_factory=dict)
    num_faults: int = 0
    desk: Desk = field(init=False)
    _bells: list[asyncio.Event] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        places = {lane.queue: lane.num_at_once for lane in self.lanes}
        self.desk = Desk(self.engine, self.rules, num_quick=places.get(QUICK, 1), num_troubled=places.get(TROUBLED, 1))

    async def run(self) -> None:
        """Carry until told to stop. A fault is logged and counted, and what failed begins again."""
        # Each reader by itself: the making of notices does not hold up what webhooks tell.
        feeding = [partial(self._feed, reader) for reader in self.readers]
        sides: list[Callable[[], Any]] = [*feeding, self._listen, self._work, self._keep_up]
        await asyncio.gather(*(self._again(side) for side in sides))

    def stop(self) -> None:
        """End soon: no new errand is begun, what is being done has a few seconds."""
        self._stop.set()
        self._ring()

    async def _again(self, side: Callable[[], Any]) -> None:
        while not self._stop.is_set():
            try:
                await side()
            except Exception:
                self.num_faults += 1
                _log.exception("the courier stumbled; going on (%d so far)", self.num_faults)
                await _first(self._stop.wait(), asyncio.sleep(_AGAIN_S))

    async def _feed(self, reader: Reader) -> None:
        rung = asyncio.Event()
        self._bells.append(rung)
        try:
            while not self._stop.is_set():
                rung.clear()
                while await asyncio.to_thread(self._read, reader) and not self._stop.is_set():
                    pass
                await _first(rung.wait(), asyncio.sleep(POLL_S))
        finally:
            self._bells.remove(rung)

    def _ring(self) -> None:
        for each in self._bells:
            each.set()

    def _read(self, reader: Reader) -> int:
        with transaction(self.engine, ENGINE, role="engine") as session:
            return reader(session, database_now(session))

    async def _listen(self) -> None:
        """Hear that there are new frames; when the line is dead, the readers look by the clock."""
        line = await psycopg.AsyncConnection.connect(
            without_driver(self.database_url), autocommit=True, connect_timeout=5, application_name="truckroll courier"
        )
        async with line:
            await line.execute(f"LISTEN {FRAMES}; LISTEN {CHANNEL}")
            while not self._stop.is_set():
                async for heard in line.notifies(timeout=POLL_S, stop_after=1):
                    self._hear(heard.channel, heard.payload)
                await line.execute("")

    def _hear(self, channel: str, payload: str) -> None:
        if channel == FRAMES:
            self._ring()
            return
        for webhook_id in json.loads(payload):
            self.desk.ring(UUID(webhook_id))

    async def _keep_up(self) -> None:
        while not self._stop.is_set():
            for each in self.upkeep:
                await asyncio.to_thread(self._read, each)
            await _first(self._stop.wait(), asyncio.sleep(_KEEP_UP_EVERY_S))

    async def _work(self) -> None:
        """Do errands until told to stop, or until a worker has to be replaced."""
        ends = asyncio.Event()
        app = make_app(self.database_url, self.errands, on_fault=ends.set)
        async with app.open_async():
            workers = [self._worker(app, lane) for lane in self.lanes]
            running = [asyncio.create_task(worker.run()) for worker in workers]
            tending = asyncio.create_task(self._tend(app))
            try:
                await _first(self._stop.wait(), ends.wait(), *map(asyncio.shield, (*running, tending)))
            finally:
                tending.cancel()
                for worker in workers:
                    worker.stop()
                outcomes = await asyncio.gather(*running, tending, return_exceptions=True)
        faults = [each for each in outcomes if isinstance(each, Exception)]
        if faults:
            raise faults[0]

    def _worker(self, app: App, lane: Lane) -> Worker:
        return Worker(
            app,
            queues=[lane.queue],
            name=lane.queue,
            concurrency=lane.num_at_once,
            fetch_job_polling_interval=POLL_S,
            shutdown_graceful_timeout=ENDS_WITHIN_S,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            additional_context={**self.parts, "engine": self.engine, "desk": self.desk, "stop": self._stop},
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
        )

    async def _tend(self, app: App) -> None:
        """Take over what dead couriers were doing, and forget old failures."""
        num_turns = 0
        while True:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                _log.warning("%s was being done by a courier that is gone: taken over", job.call_string)
                await app.job_manager.retry_job(job)
            await app.job_manager.prune_stalled_workers(STALLED_S)
            if num_turns % 1_800 == 0:
                await app.job_manager.delete_old_jobs(KEPT_H, include_failed=True, include_aborted=True)
            num_turns += 1
            await asyncio.sleep(_TEND_EVERY_S)


def run(database_url: str, stop: threading.Event, settings: Settings) -> None:
    """Be the courier process until `stop` is set; `settings` say by which carriers, and whom webhooks may reach."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    # Procrastinate tells of every errand twice.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    ring = read_ring(settings.data_keys, settings.data_dir)
    engine = connect(database_url, pool_size=_THREADS, name="truckroll courier", ring=ring)
    try:
        asyncio.run(_run(courier_of(database_url, engine, settings), stop))
    finally:
        engine.dispose()


def courier_of(database_url: str, engine: Engine, settings: Settings) -> Courier:
    """The courier that these settings ask for."""
    rules = Rules(allow=read_networks(settings.webhook_allow), certificates=ssl.create_default_context())
    parts = {
        "adapters": choose_adapters(settings, settings.data_dir),
        "screener": _screener(settings),
        "public_url": settings.base_url,
        "link_min": settings.link_min,
    }
    store = open_store(settings.files_url, settings.data_dir)

    def erase_persons(session: Session, now: datetime) -> int:
        return tend(session, store, tax_kept_years=settings.tax_kept_years, now=now)

    kept = (
        _after(settings.board_kept_days, prune),
        _after(settings.positions_kept_days, forget_positions),
        _after(settings.replies_kept_days, forget_replies),
    )
    upkeep = (*UPKEEP, *kept, erase_persons)
    return Courier(database_url, engine, upkeep=upkeep, parts=parts, rules=rules)


def _after(days: int, forget: Reader) -> Reader:
    """Forget what is so many days old; `forget` is told the time before which it is."""
    return lambda session, now: forget(session, now - timedelta(days=days))


def _screener(settings: Settings) -> HttpScreener | None:
    if not (settings.screening_url and settings.screening_secret):
        return None
    return HttpScreener(settings.screening_url, settings.screening_secret, settings.screening_vendor)


async def _run(courier: Courier, stop: threading.Event) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "courier"))
    carrying = asyncio.create_task(courier.run())
    while not stop.is_set() and not carrying.done():
        await asyncio.sleep(0.1)
    courier.stop()
    await carrying


async def _first(*waits: Any) -> None:
    """Until one of these is over; the others are called off."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
