"""How do the technicians answer? By a seeded model of behaviour, through the real HTTP API.

They hear of offers on the fleet's stream, as a gateway would pass them on to phones. Each decides by themselves:
nobody home, a no, a counter, or a yes after a while that differs from person to person. The model is made up; it is
there to exercise the system, and no figure about real people may be taken from it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

#: Requests of the players at once: a phone each, but not all at the same moment.
_AT_ONCE = 48
#: Seconds after which someone gives up waiting for an answer.
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one technician does with one offer: after `delay_s`, an answer; None is silence.

    Without a signal they do not hear that the offer ended, and answer all the same.
    """

    answer: str | None
    delay_s: float
    has_signal: bool


def behave(seed: int, technician: str, job_number: str, distance_m: float, answer_s: float) -> Behaviour:
    """What this technician does with this job's offer: the same for the same seed.

    Half don't look in time, and one in five has no signal while they think. Of those who look, the chance of
    a yes falls from 0.65 next door by half every 60 km; one in twenty of the others counters. `answer_s` is the time
    to answer: a third of it is the median.
    """
    rng = np.random.default_rng([seed, *technician.encode(), *job_number.encode()])
    delay_s = float(rng.lognormal(np.log(answer_s / 3), 0.6))
    has_signal = bool(rng.random() < 0.8)
    if rng.random() < 0.5 or delay_s > answer_s:
        return Behaviour(None, delay_s, has_signal)
    if rng.random() < 0.65 * 0.5 ** (distance_m / 60_000):
        return Behaviour("accept", delay_s, has_signal)
    return Behaviour("counter" if rng.random() < 0.05 else "decline", delay_s, has_signal)


@dataclass
class Players:
    """All technicians at once, in a thread of their own; `with players:` lets them play.

    `accept_ms` are the times from a yes sent to its answer read, `answers` counts what was sent and heard.
    """

    base_url: str
    gateway_key: str
    seed: int
    accept_ms: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _looking: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _is_listening: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Players:
        self._thread = threading.Thread(target=self._run, name="players", daemon=True)
        self._thread.start()
        self._is_listening.wait(_PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._play())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        finally:
            self._loop.close()

    async def _play(self) -> None:
        limits = httpx2.Limits(max_connections=_AT_ONCE + 1)
        headers = {"Authorization": f"Bearer {self.gateway_key}"}
        async with httpx2.AsyncClient(
            base_url=self.base_url, headers=headers, limits=limits, timeout=_PATIENCE_S
        ) as client:
            self._gate = asyncio.Semaphore(_AT_ONCE)
            place = ""
            while True:
                place = await self._listen(client, place)
                await asyncio.sleep(0.2)

    async def _listen(self, client: httpx2.AsyncClient, place: str) -> str:
        """Follow the fleet's stream from `place` until it breaks: where it broke."""
        headers = {"Last-Event-ID": place} if place else {}
        try:
            async with client.stream("GET", "/v1/fleet/stream", headers=headers, timeout=None) as stream:
                stream.raise_for_status()
                self._is_listening.set()
                kind = ""
                async for line in stream.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id":
                        place = value
                    elif name == "event":
                        kind = value
                    elif name == "data" and kind == "offer":
                        self._hear(client, json.loads(value))
                    elif name == "data" and kind == "ended":
                        self._hear_end(json.loads(value)["id"])
        except httpx2.HTTPError as error:
            self.faults[type(error).__name__] += 1
        return place

    def _hear(self, client: httpx2.AsyncClient, offer: dict[str, Any]) -> None:
        behaviour = behave(
            self.seed, offer["technician_id"], offer["job"]["number"], offer["distance_m"] or 0.0, offer["answer_s"]
        )
        self.answers["offers heard"] += 1
        if behaviour.answer is None:
            self.answers["silent"] += 1
            return
        task = self._loop.create_task(self._answer(client, offer, behaviour))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if behaviour.has_signal:
            self._looking[offer["id"]] = task
            task.add_done_callback(lambda _: self._looking.pop(offer["id"], None))

    def _hear_end(self, offer_id: str) -> None:
        """Who still looks at the offer sees it go, and does not answer."""
        if (task := self._looking.pop(offer_id, None)) is not None:
            task.cancel()
            self.answers["saw it go"] += 1

    async def _answer(self, client: httpx2.AsyncClient, offer: dict[str, Any], behaviour: Behaviour) -> None:
        await asyncio.sleep(behaviour.delay_s)
        self._looking.pop(offer["id"], None)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        path = f"/v1/offers/{offer['id']}/{behaviour.answer}"
        async with self._gate:
            started = self._loop.time()
            reply = await self._post(client, path, _body(offer, behaviour), key)
            if reply is None:
                return
            if behaviour.answer == "accept":
                self.accept_ms.append((self._loop.time() - started) * 1000)
        heard = "yours" if reply.status_code == 200 else reply.json().get("code", reply.status_code)
        self.answers[f"{behaviour.answer}: {heard if behaviour.answer == 'accept' else reply.status_code}"] += 1

    async def _post(
        self, client: httpx2.AsyncClient, path: str, body: dict[str, Any], key: dict[str, str]
    ) -> httpx2.Response | None:
        """Send an answer; once more, with the same key, when the line broke: it counts once all the same."""
        try:
            return await client.post(path, json=body, headers=key)
        except httpx2.HTTPError as error:
            self.answers[f"sent again after {type(error).__name__}"] += 1
        try:
            return await client.post(path, json=body, headers=key)
        except httpx2.HTTPError as error:
            self.faults[type(error).__name__] += 1
            return None


def _body(offer: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    if behaviour.answer == "accept":
        return {"terms_version": offer["terms_version"]}
    if behaviour.answer == "counter":
        pay = offer["pay"]
        return {"pay": {**pay, "amount": str(round(float(pay["amount"]) * 1.25))}, "reason": "pay", "note": ""}
    return {"reason": "busy"}
