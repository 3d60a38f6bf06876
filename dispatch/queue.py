"""How is work left for later, and done again until it succeeds? Errands, enqueued in the transaction that wants them.

An errand is a name and arguments. Rolled back with its transaction, and never lost once that is committed: the courier
(`dispatch.courier`) does it at least once, and after a fault again, later and later. The queue itself is procrastinate,
in the schema `queue`; the application reaches it by one function only, for its rows show all tenants' arguments.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from dispatch.settings import without_driver

#: The schema that procrastinate's own tables live in.
SCHEMA = "queue"
#: Seconds until an errand that failed is tried again, time after time; then it has failed for good. About a day.
WAITS_S = (5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 28_800.0)
#: A wait is drawn from this share of it up to all of it, so that what failed together does not come back together.
JITTER_FROM = 0.6

#: What the queue's connections say when they begin: no statement of theirs may hang for ever.
_OPTIONS = f"-c role=truckroll_engine -c search_path={SCHEMA} -c statement_timeout=10s -c jit=off"

_ENQUEUE = text("SELECT enqueue(:task, cast(:args AS jsonb), :lock, :queueing_lock, :queue, :at)")


def enqueue(
    session: Session,
    task: str,
    args: Mapping[str, Any],
    *,
    queue: str,
    lock: str | None = None,
    queueing_lock: str | None = None,
    at: datetime | None = None,
) -> bool:
    """Leave an errand: whether anything changed.

    Parameters
    ----------
    task
        Name of the `Errand`, which the courier must know.
    args
        Ids, numbers and codes; what they name is read when the errand is done.
    lock
        Errands with the same lock are done one after the other, as they were left; one that waits, for its time or for
        its next try, holds up those behind it.
    queueing_lock
        Of errands with the same one only one waits: the earlier time counts.
    at
        Not before; None: now.
    """
    values = {"task": task, "args": json.dumps(dict(args)), "lock": lock, "queueing_lock": queueing_lock}
    return session.execute(_ENQUEUE, {**values, "queue": queue, "at": at}).scalar_one() is not None


@dataclass(frozen=True, slots=True)
class Try:
    """One try of an errand: `num` counts from 1; after the last there is no other."""

    num: int
    is_last: bool
    #: Connections for the sync core; the errand opens its own transactions, as the engine.
    engine: Engine
    #: What the process holds for its errands, by name.
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Errand:
    """A kind of work that can be left.

    `do(this_try, **args)` does it, a plain function in a thread of its own or a coroutine; what it raises is a failed
    try. `waits_s` are the seconds between tries.
    """

    name: str
    queue: str
    do: Callable[..., None] | Callable[..., Awaitable[None]]
    waits_s: tuple[float, ...] = WAITS_S


class Waits(BaseRetryStrategy):
    """When a failed errand is tried again: by its waits, with jitter; at once when the courier itself was ending."""

    def __init__(self, waits_s: tuple[float, ...]) -> None:
        self.waits_s = waits_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Procrastinate's question: when again, or never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_at=datetime.now(UTC))
        if job.attempts >= len(self.waits_s):
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + back_off(self.waits_s[job.attempts], random.random()))


def back_off(wait_s: float, draw: float) -> timedelta:
    """A wait with jitter; `draw` is in [0, 1)."""
    return timedelta(seconds=wait_s * (JITTER_FROM + (1 - JITTER_FROM) * draw))


class _Manager(JobManager):
    """Procrastinate's manager, which tells when the end of an errand could not be written.

    Such an errand would count as being done for as long as its worker lives. So the worker has to go: what nobody
    living holds is done again.
    """

    def __init__(self, connector: PsycopgConnector, on_fault: Callable[[], None]) -> None:
        super().__init__(connector)
        self._on_fault = on_fault

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        try:
            await super().finish_job(job, status, delete_job)
        except Exception:
            self._on_fault()
            raise

    async def retry_job(self, job: Job, retry_at: datetime | None = None, *args: Any, **more: Any) -> None:
        try:
            await super().retry_job(job, retry_at, *args, **more)
        except UniqueViolation:
            # Another errand with its queueing lock waits meanwhile, and will do.
            await self.finish_job(job, Status.FAILED, delete_job=True)
        except Exception:
            self._on_fault()
            raise


def make_app(
    database_url: str, errands: tuple[Errand, ...], *, on_fault: Callable[[], None], max_connections: int = 4
) -> App:
    """Procrastinate's view of the queue, knowing these errands; not opened yet.

    `on_fault` is called when the end of an errand could not be written: its worker must be replaced.
    """
    connector = PsycopgConnector(
        conninfo=without_driver(database_url),
        kwargs={"options": _OPTIONS, "connect_timeout": 5, "application_name": "truckroll courier queue"},
        min_size=1,
        max_size=max_connections,
        timeout=5.0,
        reconnect_timeout=1.0,
    )
    app = App(connector=connector)
    app.job_manager = _Manager(connector, on_fault)
    for errand in errands:
        app.task(name=errand.name, queue=errand.queue, retry=Waits(errand.waits_s), pass_context=True)(_doing(errand))
    return app


def _doing(errand: Errand) -> Callable[..., Any]:
    """The function that procrastinate calls: of the same kind as the errand's own, for it treats them differently."""
    if asyncio.iscoroutinefunction(errand.do):
        do_async: Callable[..., Awaitable[None]] = errand.do

        async def run_async(context: JobContext, **args: Any) -> None:
            await do_async(_try(errand, context), **args)

        return run_async

    def run(context: JobContext, **args: Any) -> None:
        errand.do(_try(errand, context), **args)

    return run


def _try(errand: Errand, context: JobContext) -> Try:
    before = context.job.attempts
    parts = context.additional_context
    return Try(num=before + 1, is_last=before >= len(errand.waits_s), engine=parts["engine"], parts=parts)
