"""How is one endpoint served? Held by one serving at a time, in order for each job, as fast as it answers.

A serving is an errand of the queue: its lock keeps others off the endpoint, and a dead courier's is taken over. What is
about different jobs goes out at once; what is about the same one, one after the other, and a failure holds back only
that. Endpoints in trouble are served in a lane of their own, where they can hold up each other only.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from dispatch.errors import BadInput
from dispatch.queue import Errand, Try
from dispatch.webhooks.addresses import read_url
from dispatch.webhooks.batching import Desk, Lane
from dispatch.webhooks.carrier import Barred, Carrier
from dispatch.webhooks.desk import Ask, Endpoint, Parcel, Result
from dispatch.webhooks.envelope import body_of, headers_of
from dispatch.webhooks.following import QUICK, TASK
from dispatch.webhooks.health import Answer, after, has_failed_for_good, next_try

_log = logging.getLogger(__name__)

#: Seconds that a serving with nothing to do stays, while its lane has room: the next event then needs no new errand.
LINGER_S = 2.0
#: Seconds after which it makes place for another, where its lane has no room.
PLACE_S = 5.0
#: Seconds after which it looks again, though nobody rang: deliveries that waited for their next try may be due.
_LOOK_S = 1.0
#: Seconds before it looks again where the database saw something due that this clock does not.
_BREATH_S = 0.05
#: Of what is about the same, so many are taken on at once: others shall not wait behind a job that has much to tell.
_OF_ONE = 10
#: HTTP's word for "never come again".
_GONE = 410


async def serve(this: Try, webhook: str) -> None:
    """The errand: deliver what is due to one endpoint, until nothing is."""
    desk: Desk = this.parts["desk"]
    stop: asyncio.Event = this.parts["stop"]
    webhook_id, token = UUID(webhook), uuid4()
    endpoint = await desk.begin(webhook_id, token)
    if endpoint is None:
        return
    serving = Serving(desk, endpoint, token, stop)
    lane = serving.lane
    lane.num_serving += 1
    try:
        await serving.run()
    finally:
        lane.num_serving -= 1


#: Tried again for ever: what is left undone here would be noticed by nobody.
SERVE = Errand(TASK, QUICK, serve, waits_s=(1.0, 2.0, 5.0, 15.0) + (60.0,) * 10_000)


class Serving:
    """One endpoint while it is served; see the module."""

    def __init__(self, desk: Desk, endpoint: Endpoint, token: UUID, stop: asyncio.Event) -> None:
        self.lane: Lane = desk.troubled if endpoint.health.is_troubled else desk.quick
        self._desk = desk
        self._endpoint = endpoint
        self._token = token
        self._stop = stop
        self._health = endpoint.health
        self._is_gone = False
        #: The endpoint has another URL by now: the next serving goes there.
        self._has_moved = False
        #: What is known of the health is written.
        self._is_noted = True
        self._carrier = self._new_carrier()
        self._hands = asyncio.Semaphore(self.lane.at_once)
        #: What is on its way: subject -> its sender; and what came of it, not yet written.
        self._senders: dict[UUID, asyncio.Task[None]] = {}
        self._results: list[Result] = []
        self._news = asyncio.Event()
        self._num_in_hand = 0
        self._until_s = time.monotonic() + PLACE_S
        self._idle_since_s = time.monotonic()

    async def run(self) -> None:
        """Serve until there is nothing to do, the endpoint is held by another, or it must go to the other lane."""
        with self._desk.bell(self._endpoint.id) as bell:
            try:
                await self._serve(bell)
            finally:
                for sender in self._senders.values():
                    sender.cancel()
                await asyncio.gather(*self._senders.values(), return_exceptions=True)
                await self._carrier.close()

    async def _serve(self, bell: asyncio.Event) -> None:
        while True:
            bell.clear()
            if not await self._exchange():
                return
            if self._senders:
                self._idle_since_s = time.monotonic()
                await self._wait(bell, _LOOK_S)
                continue
            if self._results or not self._is_noted:
                await asyncio.sleep(_BREATH_S)
                continue
            may_stay_s = self._may_stay_s()
            if may_stay_s > 0:
                await self._wait(bell, min(may_stay_s, _LOOK_S))
            elif await self._desk.close(self._endpoint.id, self._token, is_leaving=self._must_leave()):
                return
            else:
                await asyncio.sleep(_BREATH_S)

    async def _exchange(self) -> bool:
        """Bring what came of the last tries, and send what is due: False when the endpoint is ours no more."""
        self._news.clear()
        results, self._results = self._results, []
        health = self._health if results or not self._is_noted else None
        ask = Ask(
            self._endpoint.id,
            self._token,
            self._endpoint.url,
            room=self._room(),
            busy=list(self._senders),
            results=results,
            health=health,
            gone=self._is_gone,
        )
        given = await self._desk.ask(ask)
        self._is_noted = given.is_noted
        if given.endpoint is None:
            await self._desk.close(self._endpoint.id, self._token, is_leaving=True)
            return False
        self._has_moved |= given.endpoint.url != self._endpoint.url
        if not self._has_moved:
            self._endpoint = given.endpoint
            self._take_on(given.parcels)
        return True

    def _take_on(self, parcels: Sequence[Parcel]) -> None:
        rows: dict[UUID, list[Parcel]] = defaultdict(list)
        for parcel in parcels:
            rows[parcel.told.about_id].append(parcel)
        for about_id, row in rows.items():
            taken = row[:_OF_ONE]
            self._num_in_hand += len(taken)
            sender = asyncio.create_task(self._send_all(taken))
            self._senders[about_id] = sender
            sender.add_done_callback(partial(self._sent, about_id, len(taken)))

    async def _send_all(self, parcels: Sequence[Parcel]) -> None:
        """What is about the same, one after the other; after a failure the rest waits."""
        for parcel in parcels:
            async with self._hands, self.lane.hands:
                if self._must_leave() or not self._health.may_try(_now()):
                    return
                if not await self._send(parcel):
                    return

    async def _send(self, parcel: Parcel) -> bool:
        body, now = body_of(parcel.told), _now()
        answer = await self._carrier.post(headers_of(parcel.told.event_id, body, self._endpoint.secrets, now), body)
        now = _now()
        # Whether it failed for good is judged by how the endpoint fared before.
        result = _result(parcel, answer, now, is_final=has_failed_for_good(parcel.num_tries + 1, self._health))
        is_first = parcel.num_tries == 0
        self._health = after(self._health, answer, now, random.random(), is_first_try=is_first)
        self._is_gone |= answer.status == _GONE
        self._results.append(result)
        return answer.is_good

    def _sent(self, about_id: UUID, num: int, done: asyncio.Task[None]) -> None:
        self._senders.pop(about_id, None)
        self._num_in_hand -= num
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.error("a delivery failed on our side", exc_info=error)
        self._news.set()

    async def _wait(self, bell: asyncio.Event, seconds: float) -> None:
        """Until somebody rings, a sender is done, or the time is over."""
        heard = [bell, self._news] + ([] if self._stop.is_set() else [self._stop])
        waits = [asyncio.ensure_future(each.wait()) for each in heard]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _room(self) -> int:
        """How many parcels more may be in hand."""
        if self._must_leave() or self._is_gone or not self._health.may_try(_now()):
            return 0
        if self._health.is_on_trial:
            return 0 if self._num_in_hand else 1
        return self.lane.window - self._num_in_hand

    def _must_leave(self) -> bool:
        """The courier ends, the endpoint moved or belongs to the other lane, or others wait for the place."""
        belongs_here = self._health.is_troubled == (self.lane is self._desk.troubled)
        has_place = self.lane.has_room or time.monotonic() < self._until_s
        return self._stop.is_set() or self._has_moved or not belongs_here or not has_place

    def _may_stay_s(self) -> float:
        if self._must_leave() or not self.lane.has_room or not self._health.may_try(_now()):
            return 0.0
        return LINGER_S - (time.monotonic() - self._idle_since_s)

    def _new_carrier(self) -> Carrier | Barred:
        rules = replace(self._desk.rules, resolvers=self.lane.resolvers)
        try:
            target = read_url(self._endpoint.url, rules.allow)
        except BadInput:
            return Barred()
        return Carrier(target, rules, num_connections=self.lane.at_once)


def _result(parcel: Parcel, answer: Answer, now: datetime, *, is_final: bool) -> Result:
    num_tries = parcel.num_tries + 1
    state = "delivered" if answer.is_good else "failed" if is_final else "waiting"
    again_at = next_try(num_tries, now, random.random()) if state == "waiting" else None
    return Result(parcel.id, state, num_tries, again_at, now, answer.status, answer.code, answer.ms)


def _now() -> datetime:
    """The process's clock: only for waits, which the database's clock then ends."""
    return datetime.now(UTC)
