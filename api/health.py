"""Is it well? For people, for load balancers, for Prometheus; and where is the rest?"""

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.idempotency import Reply, to_response
from api.parts import Parts, parts_of
from api.schemas.values import Out
from dispatch.record.session import ENGINE, transaction

router = APIRouter(tags=["health"])

_PAGE = """<!doctype html><html lang="en"><title>Truckroll</title>
<h1>Truckroll</h1><p>The dispatch engine's HTTP API. <a href="/v1/docs">Read its description</a>,
<a href="/v1/openapi.json">hand it to a program</a>, <a href="/v1/health">see whether it is well</a>.</p></html>"""


class IndexHealth(Out):
    """The index of this process."""

    staleness_s: float | None = Field(description="Seconds since it was known to be current; null: never yet.")
    is_stale: bool = Field(description="Older than two seconds: candidates may lag behind.")
    num_technicians: int
    num_faults: int


class Health(Out):
    """How this process is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "database": "up",
                    "redis": "up",
                    "index": {"staleness_s": 0.3, "is_stale": False, "num_technicians": 20000, "num_faults": 0},
                    "notes": [],
                }
            ]
        }
    )
    status: Literal["ok", "degraded", "down"]
    database: Literal["up", "down"]
    redis: Literal["up", "down"]
    index: IndexHealth
    notes: list[str] = Field(description="What is not as it should be, in words.")


class Alive(Out):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "alive"}]})
    status: Literal["alive"] = "alive"


@router.get("/v1/health", response_model=Health, summary="Is it ready?")
def health(request: Request) -> Response:
    """The database, Redis and the index; 503 when the database does not answer. Needs no key."""
    found = _health(parts_of(request))
    return to_response(Reply(found, 503 if found.status == "down" else 200))


@router.get("/v1/health/live", response_model=Alive, summary="Does it live?")
def live(_request: Request) -> Alive:
    """Answers as long as the process does. Needs no key."""
    return Alive()


@router.get("/v1/metrics", response_class=Response, summary="Metrics for Prometheus")
def metrics(request: Request) -> Response:
    """Requests, their times, and the state of the index. Needs no key; holds nothing of any client."""
    parts = parts_of(request)
    parts.metrics.staleness.set(parts.feed.staleness_s())
    parts.metrics.technicians.set(len(parts.feed.roster))
    parts.metrics.redis_up.set(parts.bell.is_up)
    parts.metrics.index_faults.set(parts.num_faults)
    return Response(parts.metrics.text(), media_type="text/plain; version=0.0.4")


@router.get("/", include_in_schema=False)
def root() -> HTMLResponse:
    """Where to look."""
    return HTMLResponse(_PAGE)


def _health(parts: Parts) -> Health:
    is_up = _database_answers(parts)
    redis_up = parts.bell.is_up and parts.limiter.is_shared
    staleness = parts.feed.staleness_s()
    notes = []
    if not is_up:
        notes.append("the database does not answer")
    if not redis_up:
        notes.append("Redis does not answer: waking by the clock, counting requests for each process alone")
    if parts.is_stale:
        notes.append("the index is older than two seconds: candidates may lag behind")
    return Health(
        status="down" if not is_up else "degraded" if notes else "ok",
        database="up" if is_up else "down",
        redis="up" if redis_up else "down",
        index=IndexHealth(
            staleness_s=None if staleness == float("inf") else round(staleness, 3),
            is_stale=parts.is_stale,
            num_technicians=len(parts.feed.roster),
            num_faults=parts.num_faults,
        ),
        notes=notes,
    )


def _database_answers(parts: Parts) -> bool:
    try:
        with transaction(parts.engine, ENGINE, role="engine") as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
