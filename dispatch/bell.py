"""How do processes wake each other? By Redis, which may vanish at any moment: whoever waits also looks by the clock.

Nothing here is a record. Without Redis every wait ends by its timeout, and a live position is lost; no more.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_log = logging.getLogger(__name__)

_CHANNELS = "truckroll:"
_DISPATCHER = "truckroll:bell"
_POSITIONS = "truckroll:positions"
#: Positions kept for a process that comes late; older ones are worth nothing.
_NUM_POSITIONS = 100_000
#: Seconds for which they are kept at most: as long as one may be good.
_KEPT_S = 8 * 3600
#: Seconds that Redis may take to answer: whoever rings does so while somebody waits for an answer of ours.
_ANSWER_S = 0.5
#: Seconds that Redis is left alone after it failed.
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a technician is now, by their own wish, good until `until_s` (Unix seconds)."""

    technician_id: UUID
    lat: float
    lng: float
    until_s: int


class Bell:
    """A line to the other processes. No method raises when Redis is gone; `is_up` says what was last seen."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._pubsubs: dict[str, redis.client.PubSub] = {}
        self._down_until = 0.0
        self.is_up = True

    def close(self) -> None:
        """Hang up: every socket to Redis is closed. Whoever waits in another thread is to have ended before."""
        for subscription in self._pubsubs.values():
            subscription.close()
        self._pubsubs.clear()
        self._redis.close()

    def ring(self) -> None:
        """Something may be due: wake the dispatcher."""
        self._try(lambda: self._redis.publish(_DISPATCHER, "due"))

    def ring_board(self, client_id: UUID) -> None:
        """The board of a client has new frames."""
        self._try(lambda: self._redis.publish(f"truckroll:board:{client_id}", "frames"))

    def ring_fleet(self) -> None:
        """Offers were sent."""
        self._try(lambda: self._redis.publish("truckroll:fleet", "offers"))

    def wait(self, channel: str, timeout_s: float) -> bool:
        """Wait for a ring on `channel` (`bell`, `fleet`, `board:ID`), `timeout_s` at most: whether it rang.

        Rings that came meanwhile count as one. Without Redis, waits the whole time.
        """
        started = time.monotonic()
        message = self._try(lambda: _heard(self._subscription(f"truckroll:{channel}"), timeout_s))
        if message is None and not self.is_up:
            self._pubsubs.clear()
            time.sleep(max(0.0, timeout_s - (time.monotonic() - started)))
        return message is not None

    def wait_any(self, timeout_s: float) -> str | None:
        """Wait for a ring on any channel, `timeout_s` at most: the channel as `wait` names it, or None.

        Without Redis, waits the whole time. For one thread that wakes all the others of its process.
        """
        started = time.monotonic()
        message = self._try(lambda: self._everything().get_message(True, timeout_s))
        if message is None and not self.is_up:
            self._pubsubs.clear()
            time.sleep(max(0.0, timeout_s - (time.monotonic() - started)))
        return message["channel"].removeprefix(_CHANNELS) if message else None

    def post_position(self, position: Position) -> bool:
        """Share a live position: whether it was taken."""
        text = json.dumps([str(position.technician_id), position.lat, position.lng, position.until_s])
        added = self._try(lambda: self._redis.xadd(_POSITIONS, {"p": text}, maxlen=_NUM_POSITIONS, approximate=True))
        # Where somebody was longer ago than a position can be good for is nobody's business.
        oldest = int((time.time() - _KEPT_S) * 1000)
        self._try(lambda: self._redis.xtrim(_POSITIONS, minid=str(oldest), approximate=False))
        return added is not None

    def positions(self, after: str = "0") -> Iterator[tuple[str, Position]]:
        """Live positions shared after a place in the stream, oldest first, with their own place.

        What is no position (another version of us, another program, wrote it) is left out.
        """
        while entries := self._entries(after):
            for after, fields in entries:
                if (position := _position(fields)) is not None:
                    yield after, position

    def _entries(self, after: str) -> list[tuple[str, dict[str, str]]]:
        found: Any = self._try(lambda: self._redis.xread({_POSITIONS: after}, count=1000))
        return found[0][1] if found else []

    def _subscription(self, channel: str) -> "redis.client.PubSub":
        if channel not in self._pubsubs:
            subscription: redis.client.PubSub = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            subscription.subscribe(channel)
            self._pubsubs[channel] = subscription
        return self._pubsubs[channel]

    def _everything(self) -> "redis.client.PubSub":
        if "*" not in self._pubsubs:
            subscription: redis.client.PubSub = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            subscription.psubscribe(_CHANNELS + "*")
            self._pubsubs["*"] = subscription
        return self._pubsubs["*"]

    def _try(self, call: Callable[[], Any]) -> Any:
        """Call Redis, or find it gone; after a failure it is left alone for a second."""
        if time.monotonic() < self._down_until:
            return None
        try:
            answer = call()
        except (RedisError, OSError) as error:
            if self.is_up:
                _log.warning("Redis does not answer (%s): going on by the clock", type(error).__name__)
            self.is_up = False
            self._down_until = time.monotonic() + _PAUSE_S
            return None
        if not self.is_up:
            _log.info("Redis answers again")
        self.is_up = True
        return answer


def _position(fields: dict[str, str]) -> Position | None:
    try:
        technician, lat, lng, until_s = json.loads(fields["p"])
        return Position(UUID(technician), float(lat), float(lng), int(until_s))
    except (KeyError, ValueError, TypeError, AttributeError):
        _log.warning("not a position, left out: %.100s", fields)
        return None


def _heard(subscription: "redis.client.PubSub", timeout_s: float) -> Any:
    """The first message within the time; those that wait behind it are dropped, for they say the same."""
    message = subscription.get_message(True, timeout_s)
    while message is not None and subscription.get_message(True, 0) is not None:
        pass
    return message
