"""How many hours has a technician with a client, and which limits does the client go by?"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.auth import Operator
from api.clients import ClientKeeper, ClientReader
from api.errors import Stale
from api.etags import wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.people import find_visible
from api.schemas.pages import PageOf
from api.schemas.usage import (
    Level,
    LimitsOut,
    LimitsPatch,
    PackOut,
    StandingOut,
    UsageList,
    UsageOfTechnician,
    UsageOut,
    WayOnOut,
)
from api.talent import Knows
from api.versions import content_etag, content_version
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import ClientRow, OfferRow, TechnicianRow, UsageRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.talent.clock import Usage, read_usage, usage_under_limits
from dispatch.talent.engaging import is_unchosen, who_must_choose
from dispatch.talent.limits import Same, bring_usual_papers, set_limits
from dispatch.talent.packfiles import known_packs
from matching.packs import WAYS_ON, LimitsPolicy, Pack
from matching.standing import Standing

router = APIRouter(prefix="/v1", tags=["usage"])


@router.get("/technicians/{technician_id}/usage", response_model=UsageList, summary="Hours with each client")
def get_usage(request: Request, actor: Knows, technician_id: UUID) -> UsageList:
    """A client reads the hours with itself, and no share of income; others those with every client.

    Green, amber or red under each limit, with words and what can be done.
    """
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        now = database_now(session)
        clients = _clients(session, actor, technician_id)
        is_client = actor.client_id is not None
        to_choose = who_must_choose(session, technician_id)
        items = [
            UsageOut(
                **_told(read_usage(session, each, technician_id, for_client=is_client, now=now), each),
                must_choose=each.id in to_choose,
            )
            for each in clients
        ]
    return UsageList(items=items)


@router.get(
    "/clients/{client_id}/usage", response_model=PageOf[UsageOfTechnician], summary="Hours of a client's technicians"
)
def list_usage(
    request: Request,
    actor: ClientReader,
    response: Response,
    client_id: UUID,
    level: Annotated[Level | None, Query(description="Only who stands so.", examples=["amber"])] = None,
    must_choose: Annotated[bool, Query(description="Only for whom it is to choose how they work.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[UsageOfTechnician]:
    """Who has hours with a client, and how near each is to its limits, with what to do about it.

    With them whoever left the company through which they worked for it, until it has chosen how they do. Its staff
    read their own client's, the operator everybody's. `level` is that of the last judgement: with every change of the
    hours, and else once a day near a limit, once a week elsewhere.
    """
    wanted = select(UsageRow, TechnicianRow.name, is_unchosen().label("must_choose"))
    wanted = wanted.join(TechnicianRow, TechnicianRow.id == UsageRow.technician_id)
    wanted = wanted.where(UsageRow.client_id == client_id, or_(UsageRow.days != {}, is_unchosen()))
    if must_choose:
        wanted = wanted.where(is_unchosen())
    if level is not None:
        wanted = wanted.where(UsageRow.level == level)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        client, now = _find(session, actor, client_id), database_now(session)
        found = page(session, request, wanted, UsageRow.technician_id, limit=limit, cursor=cursor)
        shown = usage_under_limits(session, client, [row[0] for row in found.rows], now=now)
    response.headers.update(found.headers)
    items = [
        UsageOfTechnician(**_told(usage, client), technician_name=row.name, must_choose=row.must_choose)
        for usage, row in zip(shown, found.rows, strict=True)
    ]
    return PageOf(items=items, next=found.next)


@router.get("/clients/{client_id}/limits", response_model=LimitsOut, summary="Read a client's limits")
def get_limits(request: Request, actor: ClientReader, client_id: UUID) -> Response:
    """What the client goes by, and every pack that holds today. The ETag guards a change."""
    with reading(request, actor) as session:
        shown = _show_limits(_find(session, actor, client_id), database_now(session))
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.patch("/clients/{client_id}/limits", response_model=LimitsOut, summary="Change a client's limits")
def patch_limits(request: Request, actor: ClientKeeper, client_id: UUID, patch: LimitsPatch) -> Response:
    """Say how hard each pack is, set limits of your own, and who pays your employees (W-2). Needs If-Match.

    What is promised stays promised.
    """
    version = wanted_version(request, "limits")
    with writing(request, actor, "engine") as session:
        row, now = _find(session, actor, client_id), database_now(session)
        session.refresh(row, with_for_update=True)
        if content_version(_show_limits(row, now)) != version:
            raise Stale("limits")
        payroll_id = patch.payroll_company_id if "payroll_company_id" in patch.model_fields_set else Same.AS_IT_IS
        set_limits(session, actor, client_id, patch.limits, patch.hours_zone, payroll_id, now=now)
        session.refresh(row)
        shown = _show_limits(row, now)
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.post(
    "/clients/{client_id}/limits/usual-papers", response_model=LimitsOut, summary="Bring a client the usual papers"
)
def post_usual_papers(request: Request, actor: Operator, client_id: UUID) -> Response:
    """What new clients want of each way of working, where this one's limits say nothing of it; the rest stays."""

    def work(session: Session, now: datetime) -> Reply:
        row = _find(session, actor, client_id)
        bring_usual_papers(session, actor, client_id, now=now)
        session.refresh(row)
        shown = _show_limits(row, now)
        return Reply(shown, headers=content_etag(shown))

    return idempotent(request, actor, work)


def _find(session: Session, actor: Actor, client_id: UUID) -> ClientRow:
    row = session.get(ClientRow, client_id) if actor.client_id in (None, client_id) else None
    if row is None:
        raise NotFound("client", client_id)
    return row


def _clients(session: Session, actor: Actor, technician_id: UUID) -> list[ClientRow]:
    """The reader's own client; to others every client of whom they have hours or an open offer."""
    if actor.client_id is not None:
        return [session.get_one(ClientRow, actor.client_id)]
    counted = select(UsageRow.client_id).where(UsageRow.technician_id == technician_id)
    offered = select(OfferRow.client_id).where(OfferRow.technician_id == technician_id, OfferRow.state.in_(LIVE_OFFERS))
    wanted = select(ClientRow).where(ClientRow.id.in_(counted.union(offered)))
    return list(session.scalars(wanted.order_by(ClientRow.id)))


_SAME = (
    "client_id", "technician_id", "engaged_as", "level", "num_days", "first_day", "last_day", "longest_break_days",
)  # fmt: skip


def _told(usage: Usage, client: ClientRow) -> dict[str, Any]:
    hours = {f"{name}_hours": getattr(usage, f"{name}_s") / 3600 for name in ("worked", "promised", "at_stake")}
    standings = [_show_standing(each) for each in usage.standings]
    same = {name: getattr(usage, name) for name in _SAME}
    return {**same, **hours, "client": client.name, "hours_zone": client.hours_zone, "standings": standings}


def _show_standing(standing: Standing) -> StandingOut:
    pack = standing.pack
    same = (
        "binding", "level", "used", "projected", "most", "reaches_on", "free_on", "from_day", "signed_on",
        "is_at_stake", "text", "unit",
    )  # fmt: skip
    return StandingOut(
        **{name: getattr(standing, name) for name in same},
        pack=pack.id,
        version=pack.version,
        title=pack.title,
        source=pack.source,
        guidance=pack.guidance,
        guidance_es=pack.guidance_es,
        is_custom=pack.is_custom,
        ways_on=[WayOnOut(code=way, text=WAYS_ON[way]) for way in pack.ways_on],
    )


def _show_limits(row: ClientRow, now: datetime) -> LimitsOut:
    policy, today = LimitsPolicy.of_stored(row.limits, known_packs()), now.astimezone(UTC).date()
    packs = [_show_pack(pack, policy) for pack in known_packs() if pack.holds_on(today)]
    return LimitsOut(limits=row.limits, hours_zone=row.hours_zone, payroll_company_id=row.payroll_id, packs=packs)


def _show_pack(pack: Pack, policy: LimitsPolicy) -> PackOut:
    same = {name: getattr(pack, name) for name in PackOut.model_fields if name not in ("binding", "thresholds")}
    return PackOut(**same, thresholds=dict(pack.thresholds), binding=policy.binding_of(pack))
