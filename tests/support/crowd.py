"""How do many technicians answer over HTTP while things break? Each insists, with the same key, until it is told.

A job is posted again and again, by a client in a hurry; a gateway hears of the offers; every technician says yes to
what they are offered, each request in a thread of its own, so that many are on their way at any moment.
"""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from processes import FOREVER_S, System, until

#: No answer may take longer, says the system's promise.
LIMIT_S = 5.0
#: How many technicians hear of a job at once, and for how long they may think.
POLICY = {"wave": {"min_size": 12, "max_size": 12, "max_waves": 3, "answer_s": 3.0, "max_asks_a_day": 100_000}}
#: What a job wants to be offered to everybody in one wave.
ALL_AT_ONCE = {"policy": {"wave": POLICY["wave"] | {"min_size": 32, "max_size": 32}}}


@dataclass
class Request:
    """A POST with its key, how often it was sent, and what it was told at last."""

    url: str
    body: dict[str, Any]
    secret: str
    key: str
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    was_replayed: bool = False
    num_doubts: int = 0
    is_yes: bool = False


@dataclass
class Crowd:
    """Whoever calls: `jobs` and `yeses` are the requests that were told their outcome, `slowest_s` the longest wait.

    `unclear` are the answers that nobody should ever get; `num_on_the_way` yeses were sent and not answered yet.
    """

    system: System
    seed: int
    jobs: list[Request] = field(default_factory=list)
    yeses: list[Request] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    num_on_the_way: int = 0
    _numbers: Any = field(default_factory=itertools.count)
    _stop: threading.Event = field(default_factory=threading.Event)
    _no_more_jobs: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def num_yours(self) -> int:
        """How many were told that the work is theirs."""
        return sum(each.status == 200 for each in list(self.yeses))

    @property
    def num_refused(self) -> int:
        """How often somebody was told to ask again."""
        return sum(num for what, num in list(self.statuses.items()) if what.startswith("503"))

    @property
    def num_doubts(self) -> int:
        """How many requests had an outcome that was unknown for a while."""
        return sum(each.num_doubts > 0 for each in [*self.jobs, *self.yeses])

    def insist(self, request: Request) -> Request:
        """Send a request until its outcome is known: lost connections, 503 and 409 `in_flight` leave it open."""
        deadline_s = time.monotonic() + FOREVER_S
        while not self._is_told(request):
            assert time.monotonic() < deadline_s, f"no outcome of {request}"
            self._stop.wait(0.1)
        return request

    def post_job(self, **more: Any) -> Request:
        """Post one job for two technicians, and insist."""
        number = f"WO-{self.seed}-{next(self._numbers)}"
        job = Request("/v1/jobs", _job_body(self.system, number) | more, self.system.staff_key, number)
        self.jobs.append(self.insist(job))
        return job

    def wait_for_yeses(self, num: int) -> None:
        """Until so many are on their way at this moment."""
        until(lambda: self.num_on_the_way >= num, f"{num} yeses on their way", every_s=0.001)

    def end_posting(self) -> None:
        """No more jobs; those that were posted are answered on."""
        self._no_more_jobs.set()

    def _is_told(self, request: Request) -> bool:
        headers = {"Authorization": f"Bearer {request.secret}", "Idempotency-Key": request.key}
        began_s = time.monotonic()
        self._note_on_the_way(request.is_yes)
        try:
            got = self._http.post(request.url, json=request.body, headers=headers)
        except httpx2.TransportError as error:
            self._count(type(error).__name__, began_s)
            request.num_doubts += not isinstance(error, httpx2.ConnectError)
            return False
        finally:
            self._note_on_the_way(-request.is_yes)
        answer = got.json()
        code = answer.get("code", "")
        self._count(f"{got.status_code} {code}".strip(), began_s)
        if got.status_code == 503 or code == "in_flight":
            request.num_doubts += bool(answer.get("outcome_unknown"))
            return False
        request.status, request.answer = got.status_code, answer
        request.was_replayed = got.headers.get("Idempotent-Replayed") == "true"
        if got.status_code not in (200, 201, 409):
            self.unclear.append(f"{got.status_code} {got.text[:300]}")
        return True

    def _note_on_the_way(self, num: int) -> None:
        with self._lock:
            self.num_on_the_way += num

    def _count(self, what: str, began_s: float) -> None:
        with self._lock:
            self.statuses[what] = self.statuses.get(what, 0) + 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)

    def _post_jobs(self, every_s: float) -> None:
        """One in nine needs what nobody can."""
        for at in itertools.count():
            if self._no_more_jobs.wait(every_s):
                return
            self.post_job(**_two_with("drones" if at % 9 == 8 else "hvac"))

    def _answer_offers(self, pool: ThreadPoolExecutor) -> None:
        """One in four is not looked at in time: so there are later waves, too."""
        chance = random.Random(self.seed)
        seen: set[str] = set()
        while not self._stop.wait(0.1):
            for offer in self._live_offers():
                if offer["id"] not in seen:
                    seen.add(offer["id"])
                    if chance.random() < 0.8:
                        pool.submit(self._say_yes, offer)

    def _live_offers(self) -> list[dict[str, Any]]:
        began_s = time.monotonic()
        headers = {"Authorization": f"Bearer {self.system.gateway_key}"}
        try:
            got = self._http.get("/v1/offers?state=live&limit=200", headers=headers)
        except httpx2.TransportError as error:
            self._count(type(error).__name__, began_s)
            return []
        self._count(f"{got.status_code} offers", began_s)
        return got.json()["items"] if got.status_code == 200 else []

    def _say_yes(self, offer: dict[str, Any]) -> None:
        secret = self.system.technician_keys[UUID(offer["technician"]["id"])]
        url, body = f"/v1/offers/{offer['id']}/accept", {"terms_version": offer["terms_version"]}
        self.yeses.append(self.insist(Request(url, body, secret, f"yes-{offer['id']}", is_yes=True)))

    @contextmanager
    def connected(self) -> Iterator[None]:
        """With a connection for each of its threads."""
        limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
        with httpx2.Client(base_url=self.system.base_url, timeout=20, limits=limits) as self._http:
            yield

    @contextmanager
    def at_work(self, every_s: float = 0.6) -> Iterator["Crowd"]:
        """Post a job each `every_s` and answer offers until the block ends; then every request has its outcome."""
        with self.connected(), ThreadPoolExecutor(32) as pool, ThreadPoolExecutor(2) as own:
            ends = [own.submit(self._post_jobs, every_s), own.submit(self._answer_offers, pool)]
            try:
                yield self
            finally:
                self.end_posting()
                self._stop.set()
                for each in ends:
                    each.result()


def _job_body(system: System, number: str) -> dict[str, Any]:
    """Two technicians for two hours, on one of eight days; on the next eight before these are full."""
    num = next(system.num_jobs)
    start = system.world.start + timedelta(days=8 * (num // 128) + num % 8)
    return {
        "number": number,
        "site_id": str(system.world.site),
        "title": "Replace drive",
        "job_type": "hardware",
        "window": {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()},
        "duration_min": 120,
        "policy": POLICY,
    } | _two_with("hvac")


def _two_with(skill: str) -> dict[str, Any]:
    return {"slots": [{"needs": {"skills": {skill: 1}}, "pay": {"amount": "140.00"}, "count": 2}]}
