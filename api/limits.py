"""How often may a key ask? So many requests a minute, counted in Redis for all processes together.

Without Redis each process counts for itself: more may pass, but a flood does not, and nobody is turned away for want
of a counter.
"""

import logging
import time

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from api.errors import TooMany
from dispatch.record.session import Actor
from dispatch.settings import ApiSettings

_log = logging.getLogger(__name__)

#: Seconds that Redis is left alone after it failed, and that it may take to answer.
_PAUSE_S = 1.0
_ANSWER_S = 0.25


class Limiter:
    """Counts what each key asks; `is_shared` says whether all processes count together."""

    def __init__(self, redis_url: str, settings: ApiSettings) -> None:
        pool = redis.ConnectionPool.from_url(
            redis_url,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._shared = SlidingWindowCounterRateLimiter(RedisStorage("redis://", connection_pool=pool))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(settings.requests_a_minute)
        self._gateway_limit = RateLimitItemPerMinute(settings.gateway_requests_a_minute)
        self._down_until = 0.0
        self.is_shared = True

    def check(self, actor: Actor) -> None:
        """Count one request of the actor's key.

        Raises
        ------
        TooMany
            When the key has asked too often.
        """
        limit = self._gateway_limit if actor.kind == "gateway" else self._limit
        limiter = self._shared
        if time.monotonic() >= self._down_until:
            try:
                is_within = limiter.hit(limit, str(actor.key_id))
                self._note(True)
                return None if is_within else self._refuse(limiter, limit, actor)
            except (RedisError, OSError) as error:
                self._note(False)
                _log.debug("counting here, Redis does not answer: %s", type(error).__name__)
        limiter = self._own
        return None if limiter.hit(limit, str(actor.key_id)) else self._refuse(limiter, limit, actor)

    def _refuse(self, limiter: SlidingWindowCounterRateLimiter, limit: RateLimitItem, actor: Actor) -> None:
        reset_at = limiter.get_window_stats(limit, str(actor.key_id)).reset_time
        raise TooMany(f"{limit.amount} times a minute", max(1, round(reset_at - time.time())))

    def _note(self, is_up: bool) -> None:
        if self.is_shared and not is_up:
            _log.warning("Redis does not answer: every process counts requests for itself")
        self.is_shared = is_up
        self._down_until = 0.0 if is_up else time.monotonic() + _PAUSE_S
