"""How often may a key ask, and how often may anyone try to sign in? Counted in Redis for all processes together.

Without Redis each process counts for itself: more may pass, but a flood does not, and nobody is turned away for want
of a counter.
"""

import hashlib
import logging
import time
from ipaddress import ip_address, ip_network

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from api.errors import TooMany
from dispatch.record.session import Actor
from dispatch.settings import Settings

_log = logging.getLogger(__name__)

#: Seconds that Redis is left alone after it failed, and that it may take to answer.
_PAUSE_S = 1.0
_ANSWER_S = 0.25
#: Minutes in which tries with one mail address are counted.
_ADDRESS_MIN = 15


class Limiter:
    """Counts what each key asks; `is_shared` says whether all processes count together."""

    def __init__(self, redis_url: str, settings: Settings) -> None:
        self._pool = redis.ConnectionPool.from_url(
            redis_url,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._shared = SlidingWindowCounterRateLimiter(RedisStorage("redis://", connection_pool=self._pool))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(settings.requests_a_minute)
        self._gateway_limit = RateLimitItemPerMinute(settings.gateway_requests_a_minute)
        self._origin_limit = RateLimitItemPerMinute(settings.sign_ins_a_minute)
        self._address_limit = RateLimitItemPerMinute(settings.sign_ins_an_address, _ADDRESS_MIN)
        self._down_until = 0.0
        self.is_shared = True

    def close(self) -> None:
        """Close every socket to Redis."""
        self._pool.disconnect()

    def check(self, actor: Actor) -> None:
        """Count one request of the actor's key, or of the person who is signed in.

        Raises
        ------
        TooMany
            When it has asked too often.
        """
        self._count(self._gateway_limit if actor.kind == "gateway" else self._limit, str(actor.key_id))

    def check_origin(self, origin: str) -> None:
        """Count one try to sign in from a network address; TooMany when there were too many."""
        self._count(self._origin_limit, f"origin {_network(origin)}")

    def check_address(self, way: str, email: str) -> None:
        """Count one try to sign in by this way with a mail address, whoever has it; TooMany as above."""
        self._count(self._address_limit, f"{way} {hashlib.sha256(email.encode()).hexdigest()}")

    def _count(self, limit: RateLimitItem, name: str) -> None:
        limiter = self._shared
        if time.monotonic() >= self._down_until:
            try:
                is_within = limiter.hit(limit, name)
                self._note(True)
                return None if is_within else _refuse(limiter, limit, name)
            except (RedisError, OSError) as error:
                self._note(False)
                _log.debug("counting here, Redis does not answer: %s", type(error).__name__)
        limiter = self._own
        return None if limiter.hit(limit, name) else _refuse(limiter, limit, name)

    def _note(self, is_up: bool) -> None:
        if self.is_shared and not is_up:
            _log.warning("Redis does not answer: every process counts requests for itself")
        self.is_shared = is_up
        self._down_until = 0.0 if is_up else time.monotonic() + _PAUSE_S


def _refuse(limiter: SlidingWindowCounterRateLimiter, limit: RateLimitItem, name: str) -> None:
    reset_at = limiter.get_window_stats(limit, name).reset_time
    span = "a minute" if limit.multiples == 1 else f"in {limit.multiples} minutes"
    raise TooMany(f"{limit.amount} times {span}", max(1, round(reset_at - time.time())))


def _network(origin: str) -> str:
    """Who has one address of IPv6 has 2^64 of them."""
    try:
        address = ip_address(origin)
    except ValueError:
        return origin[:100]
    return str(ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)
