"""Who hears of what happens? Endpoints of a client: added, changed, tested, replayed; what was delivered to them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import only
from api.errors import Stale
from api.etags import etag, is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.pages import PageOf
from api.schemas.webhooks import (
    DeliveryOut,
    PingOut,
    ReplayIn,
    ReplayOut,
    WebhookIn,
    WebhookMade,
    WebhookOut,
    WebhookPatch,
)
from api.sites import client_meant
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import EventRow, WebhookDeliveryRow, WebhookRow
from dispatch.webhooks import endpoints
from dispatch.webhooks.addresses import read_networks
from dispatch.webhooks.endpoints import Calling

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

WebhookKeeper = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator"))]


@router.post("", status_code=201, response_model=WebhookMade, summary="Add an endpoint")
def post_webhook(request: Request, actor: WebhookKeeper, webhook: WebhookIn) -> Response:
    """From now on it hears what happens, signed by [Standard Webhooks](https://www.standardwebhooks.com).

    At least once, so keep the `webhook-id`s that you had; in order for each job; again and again for about a day until
    you answer 2xx within ten seconds. Redirects are not followed. The secret is shown this once.
    """
    client_id = client_meant(actor, webhook.client_id)

    def work(session: Session, now: datetime) -> tuple[UUID, str]:
        return endpoints.add_webhook(
            session, actor, client_id, webhook.url, webhook.kinds, calling=_calling(request), now=now
        )

    return _with_secret(request, actor, 201, work)


@router.get("", response_model=PageOf[WebhookOut], summary="List endpoints")
def list_webhooks(
    request: Request, actor: WebhookKeeper, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[WebhookOut]:
    """Yours, newest first."""
    with reading(request, actor) as session:
        found = page(session, request, select(WebhookRow), WebhookRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[WebhookOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.get("/{webhook_id}", response_model=WebhookOut, summary="Read an endpoint")
def get_webhook(request: Request, actor: WebhookKeeper, webhook_id: UUID) -> Response:
    """How it is set, and how it fares. The ETag guards a change of the settings."""
    with reading(request, actor) as session:
        shown = _show(session, webhook_id)
    headers = {"ETag": etag(shown.version)}
    if is_known(request, shown.version):
        return Response(status_code=304, headers=headers)
    return to_response(Reply(shown, headers=headers))


@router.patch("/{webhook_id}", response_model=WebhookOut, summary="Change, pause or resume an endpoint")
def patch_webhook(request: Request, actor: WebhookKeeper, webhook_id: UUID, patch: WebhookPatch) -> Response:
    """A new URL is checked as the first one was. A resumed endpoint hears what it missed, as long as that is kept."""
    version = wanted_version(request, "webhook")
    with writing(request, actor, "engine") as session:
        changed = endpoints.change_webhook(
            session,
            actor,
            webhook_id,
            version,
            **patch.model_dump(),
            calling=_calling(request),
            now=database_now(session),
        )
        if not changed:
            raise Stale("webhook")
        shown = _show(session, webhook_id)
    return to_response(Reply(shown, headers={"ETag": etag(shown.version)}))


@router.delete("/{webhook_id}", status_code=204, response_class=Response, summary="Remove an endpoint")
def delete_webhook(request: Request, actor: WebhookKeeper, webhook_id: UUID) -> Response:
    """With its secrets and its log. What is on its way may still arrive."""
    with writing(request, actor, "engine") as session:
        endpoints.remove_webhook(session, actor, webhook_id, database_now(session))
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", response_model=WebhookMade, summary="Replace the secret")
def post_rotation(request: Request, actor: WebhookKeeper, webhook_id: UUID) -> Response:
    """The new secret is shown this once. For a day requests bear two signatures, by the new one and by the old."""
    return _with_secret(
        request, actor, 200, lambda session, now: (webhook_id, endpoints.rotate_secret(session, actor, webhook_id, now))
    )


@router.post("/{webhook_id}/ping", status_code=202, response_model=PingOut, summary="Send a test")
def post_ping(request: Request, actor: WebhookKeeper, webhook_id: UUID) -> Response:
    """An event `webhook.pinged` takes the way of every other; see it in the deliveries."""

    def work(session: Session, now: datetime) -> Reply:
        return Reply(PingOut(event_id=endpoints.ping_webhook(session, actor, webhook_id, now)), 202)

    return idempotent(request, actor, work)


@router.post("/{webhook_id}/replay", status_code=202, response_model=ReplayOut, summary="Tell it all again")
def post_replay(request: Request, actor: WebhookKeeper, webhook_id: UUID, wish: ReplayIn) -> Response:
    """Everything after a place in the log, in order, with the ids of the first time; 410 where it is not kept."""

    def work(session: Session, now: datetime) -> Reply:
        num_frames = endpoints.replay(session, actor, webhook_id, wish.after_seq, now)
        return Reply(ReplayOut(num_frames=num_frames), 202)

    return idempotent(request, actor, work)


@router.get("/{webhook_id}/deliveries", response_model=PageOf[DeliveryOut], summary="What was delivered")
def list_deliveries(
    request: Request,
    actor: WebhookKeeper,
    response: Response,
    webhook_id: UUID,
    state: Annotated[
        Literal["waiting", "delivered", "failed"] | None, Query(description="Only these.", examples=["failed"])
    ] = None,
    about_id: Annotated[UUID | None, Query(description="Only about this job or subject.", examples=[None])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[DeliveryOut]:
    """The log of this endpoint, newest first."""
    wanted = (
        select(WebhookDeliveryRow, EventRow.subject_kind, EventRow.kind)
        .join(EventRow, EventRow.id == WebhookDeliveryRow.event_id)
        .where(WebhookDeliveryRow.webhook_id == webhook_id)
    )
    if state is not None:
        wanted = wanted.where(WebhookDeliveryRow.state == state)
    if about_id is not None:
        wanted = wanted.where(WebhookDeliveryRow.about_id == about_id)
    with reading(request, actor) as session:
        _show(session, webhook_id)
        found = page(session, request, wanted, WebhookDeliveryRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show_delivery(*row[:3]) for row in found.rows], next=found.next)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=DeliveryOut,
    summary="Deliver once more",
)
def post_redelivery(request: Request, actor: WebhookKeeper, webhook_id: UUID, delivery_id: UUID) -> Response:
    """At once, with the id of the first time; later events of the same job may have been delivered before it."""

    def work(session: Session, now: datetime) -> Reply:
        endpoints.redeliver(session, actor, webhook_id, delivery_id, now)
        row = session.get_one(WebhookDeliveryRow, delivery_id, populate_existing=True)
        event = session.get_one(EventRow, row.event_id)
        return Reply(_show_delivery(row, event.subject_kind, event.kind), 202)

    return idempotent(request, actor, work)


def _with_secret(
    request: Request, actor: Actor, status: int, make: Callable[[Session, datetime], tuple[UUID, str]]
) -> Response:
    """Answer with the secret, and keep the answer without it: whoever repeats the request learns the rest."""
    secrets: list[str] = []

    def work(session: Session, now: datetime) -> Reply:
        webhook_id, secret = make(session, now)
        secrets.append(secret)
        shown = _show(session, webhook_id)
        headers = {"Location": f"/v1/webhooks/{webhook_id}", "ETag": etag(shown.version)}
        return Reply(WebhookMade(**shown.model_dump(), secret=None), status, headers)

    response = idempotent(request, actor, work)
    if response.status_code != status or not secrets:
        return response
    made = WebhookMade.model_validate_json(bytes(response.body)).model_copy(update={"secret": secrets[0]})
    kept = {name: response.headers[name] for name in ("Location", "ETag")}
    return to_response(Reply(made, status, {**kept, "Cache-Control": "no-store"}))


def _show(session: Session, webhook_id: UUID) -> WebhookOut:
    row = session.get(WebhookRow, webhook_id, populate_existing=True)
    if row is None:
        raise NotFound("webhook", webhook_id)
    return WebhookOut.model_validate(row)


def _show_delivery(row: WebhookDeliveryRow, subject_kind: str, kind: str) -> DeliveryOut:
    same: dict[str, Any] = {name: getattr(row, name) for name in DeliveryOut.model_fields if name != "type"}
    return DeliveryOut(**same, type=f"{subject_kind}.{kind}")


def _calling(request: Request) -> Calling:
    return Calling(read_networks(parts_of(request).settings.webhook_allow))
