"""Who wants to hear what, where? Endpoints: added, changed, paused, resumed, tested, replayed, removed."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, NotKept
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import BoardFrameRow, WebhookDeliveryRow, WebhookRow, new_id
from dispatch.record.tables.audit import SUBJECTS
from dispatch.talent.rights import own_client
from dispatch.webhooks.addresses import Forbidden, Network, Resolve, check, read_url, resolve_host
from dispatch.webhooks.desk import clear_failing
from dispatch.webhooks.envelope import new_secret
from dispatch.webhooks.following import PING, wake

#: Endpoints that a client may have, and kinds that one may name.
MAX_ENDPOINTS = 50
MAX_KINDS = 100
#: While a secret is replaced, requests are signed with both for so long.
OVERLAP = timedelta(hours=24)
_RESOLVE_S = 2.0
_KIND = re.compile(r"[a-z_]+\.([a-z_]+|\*)", re.ASCII)
_UNTROUBLED = {"num_failures": 0, "failing_since": None, "trouble": 0, "is_troubled": False, "next_try_at": None}

_names = ThreadPoolExecutor(16, "names of new endpoints")


@dataclass(frozen=True, slots=True)
class Calling:
    """What may be called, and how names are resolved: see `addresses`."""

    allow: Sequence[Network] = ()
    resolve: Resolve = resolve_host


def add_webhook(
    session: Session,
    actor: Actor,
    client_id: UUID,
    url: str,
    kinds: Sequence[str],
    *,
    calling: Calling,
    now: datetime,
) -> tuple[UUID, str]:
    """Tell a client's endpoint of what happens from now on: its id, and its secret, which is told this once.

    Raises
    ------
    NotFound
        The client is not the actor's.
    BadInput
        The URL may not be called, a kind is none, or the client has too many endpoints.
    """
    own_client(session, actor, client_id)
    _check_url(url, calling)
    num_have = session.scalar(select(func.count()).where(WebhookRow.client_id == client_id))
    if num_have is not None and num_have >= MAX_ENDPOINTS:
        raise BadInput("url", url, f"remove one of your {MAX_ENDPOINTS} endpoints first")
    webhook_id, secret = new_id(), new_secret()
    session.execute(
        insert(WebhookRow).values(
            id=webhook_id,
            client_id=client_id,
            url=url,
            kinds=_read_kinds(kinds),
            secret=secret,
            after_seq=_last_seq(session, client_id),
            created_at=now,
        )
    )
    record(session, actor, ("webhook", webhook_id), "added", client_id=client_id, now=now)
    return webhook_id, secret


def change_webhook(
    session: Session,
    actor: Actor,
    webhook_id: UUID,
    version: int,
    *,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    is_paused: bool | None = None,
    calling: Calling,
    now: datetime,
) -> bool:
    """Change what is given: False when it changed since that version. What waits for a paused one keeps waiting.

    Raises
    ------
    NotFound
        There is none for this actor.
    BadInput
        As for `add_webhook`.
    """
    if url is not None:
        # Before the row is locked: a name server may take its time, and deliveries would wait.
        _check_url(url, calling)
    row = _find(session, actor, webhook_id)
    values: dict[str, Any] = {"version": WebhookRow.version + 1}
    if url is not None:
        values["url"] = url
    if kinds is not None:
        values["kinds"] = _read_kinds(kinds)
    is_paused = None if is_paused == (row.state == "paused") else is_paused
    if is_paused is not None:
        values |= {"state": "paused", "paused_why": "asked"} if is_paused else {"state": "active", "paused_why": None}
    if is_paused is False or url is not None:
        values |= _UNTROUBLED
    guarded = update(WebhookRow).where(WebhookRow.id == webhook_id, WebhookRow.version == version).values(values)
    if not session.execute(guarded.returning(WebhookRow.id)).all():
        return False
    kind = {None: "changed", True: "paused", False: "resumed"}[is_paused]
    told = {"fields": [name for name in ("url", "kinds") if name in values]}
    if is_paused is False or url is not None:
        clear_failing(session, webhook_id, "resumed" if is_paused is False else "changed", now)
        wake(session, [webhook_id])
    record(session, actor, ("webhook", webhook_id), kind, told, client_id=row.client_id, now=now)
    return True


def rotate_secret(session: Session, actor: Actor, webhook_id: UUID, now: datetime) -> str:
    """A new secret, told this once; for a day requests are signed with the old one too.

    Raises
    ------
    NotFound
        There is none for this actor.
    """
    row, secret = _find(session, actor, webhook_id), new_secret()
    session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id)
        .values(
            old_secret=WebhookRow.secret,
            old_secret_until=now + OVERLAP,
            secret=secret,
            version=WebhookRow.version + 1,
        )
    )
    record(session, actor, ("webhook", webhook_id), "secret_rotated", client_id=row.client_id, now=now)
    return secret


def remove_webhook(session: Session, actor: Actor, webhook_id: UUID, now: datetime) -> None:
    """Forget an endpoint, its secrets and its log. What is on its way may still arrive.

    Raises
    ------
    NotFound
        There is none for this actor.
    """
    row = _find(session, actor, webhook_id)
    session.execute(delete(WebhookRow).where(WebhookRow.id == webhook_id))
    clear_failing(session, webhook_id, "removed", now)
    record(session, actor, ("webhook", webhook_id), "removed", client_id=row.client_id, now=now)


def ping_webhook(session: Session, actor: Actor, webhook_id: UUID, now: datetime) -> UUID:
    """Send a test, which takes the way of every event: the event's id.

    Raises
    ------
    NotFound
        There is none for this actor.
    Conflict
        It is paused.
    """
    row = _find(session, actor, webhook_id, wish="ping")
    return record(session, actor, ("webhook", webhook_id), PING, client_id=row.client_id, now=now)


def replay(session: Session, actor: Actor, webhook_id: UUID, after_seq: int, now: datetime) -> int:
    """Tell once more what followed a place in the client's log: how many frames, of all kinds.

    Raises
    ------
    NotFound
        There is none for this actor.
    Conflict
        It is paused.
    BadInput
        The log has not come so far.
    NotKept
        What follows that place is not kept any more.
    """
    row = _find(session, actor, webhook_id, wish="replay")
    if after_seq > row.after_seq:
        raise BadInput("after_seq", after_seq, f"send at most {row.after_seq}, the last that was passed on")
    first_seq = session.scalar(select(func.min(BoardFrameRow.seq)).where(BoardFrameRow.client_id == row.client_id))
    if first_seq is not None and after_seq < first_seq - 1:
        raise NotKept("frames", after_seq + 1, first_seq)
    num_frames = row.after_seq - after_seq
    session.execute(update(WebhookRow).where(WebhookRow.id == webhook_id).values(after_seq=after_seq))
    told = {"after_seq": after_seq}
    record(session, actor, ("webhook", webhook_id), "replayed", told, client_id=row.client_id, now=now)
    return num_frames


def redeliver(session: Session, actor: Actor, webhook_id: UUID, delivery_id: UUID, now: datetime) -> None:
    """Deliver one more time, at once; what is about the same job and came later was not held back for it.

    Raises
    ------
    NotFound
        There is no such delivery for this actor.
    Conflict
        The endpoint is paused.
    """
    row = _find(session, actor, webhook_id, wish="redeliver")
    again = (
        update(WebhookDeliveryRow)
        .where(WebhookDeliveryRow.id == delivery_id, WebhookDeliveryRow.webhook_id == webhook_id)
        .values(state="waiting", num_tries=0, next_try_at=None)
        .returning(WebhookDeliveryRow.id)
    )
    if session.scalar(again) is None:
        raise NotFound("delivery", delivery_id)
    wake(session, [webhook_id])
    told = {"delivery": str(delivery_id)}
    record(session, actor, ("webhook", webhook_id), "redelivered", told, client_id=row.client_id, now=now)


def _find(
    session: Session, actor: Actor, webhook_id: UUID, wish: Literal["ping", "replay", "redeliver"] | None = None
) -> WebhookRow:
    """The endpoint, locked; the operator's is everybody's. For a wish that needs it, it must not be paused."""
    mine = select(WebhookRow).where(WebhookRow.id == webhook_id)
    if actor.kind != "operator":
        mine = mine.where(WebhookRow.client_id == actor.client_id)
    row = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("webhook", webhook_id)
    if wish is not None and row.state != "active":
        raise Conflict("paused", wish, ["resume"])
    return row


def _check_url(url: str, calling: Calling) -> None:
    target = read_url(url, calling.allow)
    try:
        addresses = _names.submit(calling.resolve, target.host, target.port).result(_RESOLVE_S)
        check(target, addresses, calling.allow)
    except (socket.gaierror, OSError, UnicodeError, NoAnswer) as error:
        raise BadInput("url", url, "name a host that has an address") from error
    except Forbidden as error:
        raise BadInput("url", url, "name a host whose addresses are all public, and that takes https") from error


def _read_kinds(kinds: Sequence[str]) -> list[str]:
    if len(kinds) > MAX_KINDS:
        raise BadInput("kinds", len(kinds), f"name at most {MAX_KINDS}, or none for all")
    for kind in kinds:
        if not _KIND.fullmatch(kind) or len(kind) > 100 or kind.partition(".")[0] not in SUBJECTS:
            way_out = f"write SUBJECT.KIND or SUBJECT.*, the subject one of {', '.join(SUBJECTS)}"
            raise BadInput("kinds", kind, way_out)
    return sorted(set(kinds))


def _last_seq(session: Session, client_id: UUID) -> int:
    newest = select(func.coalesce(func.max(BoardFrameRow.seq), 0)).where(BoardFrameRow.client_id == client_id)
    return session.execute(newest).scalar_one()
