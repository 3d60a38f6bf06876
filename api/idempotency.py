"""Was this asked before? The same Idempotency-Key and body has one effect, and gets the same answer.

The answer is stored in the transaction that does the work: either both are there, or neither. A refusal (4xx) is
stored too, with the work rolled back to a savepoint; a fault (5xx) never is, so that the request can be repeated.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.errors import InFlight, KeyMissing, KeyReused
from api.parts import parts_of, writing
from api.problems import MEDIA_TYPE, Problem, problem_of
from api.strictjson import BODY
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import IdempotencyKeyRow

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
#: Refusals of the moment: asking again may be answered otherwise.
_NOT_STORED = (429, 503)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the work answers: a document, its status, and headers such as Location and ETag."""

    body: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


#: A Problem that is returned, not raised, is answered with the work kept: a loser's yes is noted.
Work = Callable[[Session, datetime], Reply | Problem]


def idempotent(request: Request, actor: Actor, work: Work, *, role: str = "engine") -> Response:
    """Do the work of a POST once, in one transaction, and answer it; the same request again gets the same answer.

    `work(session, now)` reads, decides and writes, and raises what the table of errors knows. `role` is the database
    role that it runs as.

    Raises
    ------
    KeyMissing
        Without a usable Idempotency-Key.
    InFlight
        While the same request is being worked on.
    KeyReused
        When the key was used for another request.
    """
    key = _key(request)
    digest = _digest(request)
    with writing(request, actor, role) as session:
        if not session.execute(_TRY_LOCK, {"name": f"{actor.key_id}:{key}"}).scalar_one():
            raise InFlight
        stored = session.scalars(
            select(IdempotencyKeyRow).where(IdempotencyKeyRow.asker_id == actor.key_id, IdempotencyKeyRow.key == key)
        ).one_or_none()
        if stored is not None:
            return _repeat(stored, digest)
        now = database_now(session)
        response = _worked(session, work, now)
        _store(session, request, actor, key, digest, response, now)
    if response.status_code < 400:
        parts_of(request).bell.ring()
    return response


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise KeyMissing("send an Idempotency-Key of 1 to 200 visible ASCII characters, new for each new request")
    return key


def _digest(request: Request) -> bytes:
    """What makes it the same request: method, address and body, under the caller's secret.

    Of the secret only a hash is kept. So who has the database alone cannot try out the few thousand bodies in which a
    job's alarm code is another, until one has this digest.
    """
    address = f"{request.method} {request.url.path}?{request.url.query}\0".encode()
    secret = request.headers.get("Authorization", "").encode()
    return hmac.new(secret, address + request.scope[BODY], hashlib.sha256).digest()


def _worked(session: Session, work: Work, now: datetime) -> Response:
    """Do the work inside a savepoint: a refusal undoes it, a fault undoes everything."""
    try:
        with session.begin_nested():
            return to_response(work(session, now))
    except Exception as error:
        problem = problem_of(error)
        if problem.status >= 500 or problem.status in _NOT_STORED:
            raise
        return problem.to_response()


def to_response(reply: Reply | Problem) -> Response:
    """The answer as it goes out."""
    if isinstance(reply, Problem):
        return reply.to_response()
    body = b"" if reply.body is None else reply.body.model_dump_json().encode()
    media_type = None if reply.body is None else "application/json"
    return Response(body, reply.status, headers=dict(reply.headers), media_type=media_type)


def _store(
    session: Session, request: Request, actor: Actor, key: str, digest: bytes, response: Response, now: datetime
) -> None:
    kept = {name: value for name, value in response.headers.items() if name in ("location", "etag", "content-type")}
    session.execute(
        insert(IdempotencyKeyRow).values(
            asker_id=actor.key_id,
            key=key,
            request_hash=digest,
            status=response.status_code,
            body=response.body,
            headers=kept,
            named=_named(request, response),
            created_at=now,
        )
    )


def _named(request: Request, response: Response) -> list[UUID]:
    """All that is named by its id, where it was asked and in what is answered: an erasure finds it by that."""
    said = b" ".join((request.url.path.encode(), response.headers.get("location", "").encode(), response.body))
    return sorted({UUID(each.decode()) for each in _ID.findall(said)})


def _repeat(stored: IdempotencyKeyRow, digest: bytes) -> Response:
    if stored.request_hash != digest:
        raise KeyReused
    headers = {**stored.headers, "Idempotent-Replayed": "true"}
    media_type = headers.pop("content-type", MEDIA_TYPE if stored.status >= 400 else None)
    return Response(bytes(stored.body), stored.status, headers=headers, media_type=media_type)
