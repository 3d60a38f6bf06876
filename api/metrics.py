"""How many requests, how fast, how stale? Counted per application, told to Prometheus."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("truckroll_http_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "truckroll_http_request_seconds",
            "Seconds until the answer began",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.staleness = Gauge("truckroll_index_staleness_seconds", "Age of the index", registry=self.registry)
        self.technicians = Gauge("truckroll_index_technicians", "Technicians in the index", registry=self.registry)
        self.redis_up = Gauge("truckroll_redis_up", "Whether Redis answered last", registry=self.registry)
        self.index_faults = Gauge("truckroll_index_faults", "Failed refreshes of the index", registry=self.registry)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)


class Measure:
    """Middleware: counts each answer under its route's template, never under the address that was asked."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count when the answer begins."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "(none)")
                self.metrics.requests.labels(scope["method"], route, message["status"]).inc()
                self.metrics.seconds.labels(scope["method"], route).observe(time.perf_counter() - started)
            await send(message)

        await self.app(scope, receive, counted)
