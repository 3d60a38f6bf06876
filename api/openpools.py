"""What do open pools ask, which exceptions do they have, and how does a technician stand to each, and to each job?"""

from datetime import UTC
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import StaffReader, Talent, speaking_for
from api.errors import Stale
from api.etags import is_known, wanted_version
from api.idempotency import Reply, to_response
from api.parts import parts_of, reading, writing
from api.people import find_visible
from api.pools import PoolKeeper
from api.schemas.pools import (
    CheckOut,
    JobChecksOut,
    OpeningOut,
    OpeningsOut,
    OpenPoolOut,
    OpenPools,
    OverrideIn,
    OverrideOut,
    PoolAsksIn,
    PoolAsksOut,
)
from api.talent import Keeper
from api.versions import content_etag, content_version
from dispatch.admission.openings import LOOKS_BACK, find_openings
from dispatch.admission.reviewing import PoolReview, review_job, review_pools
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import CredentialKindRow, PoolOverrideRow, PoolRow
from dispatch.talent.overrides import put_override, take_override_back
from dispatch.talent.requirements import set_requirements
from matching.openings import BUCKETS, bucket

router = APIRouter(prefix="/v1", tags=["open pools"])

_MILES = 40
_ForWhom = Annotated[UUID | None, Query(description="For whom a company or a gateway asks.")]


@router.get("/pools/{pool_id}/requirements", response_model=PoolAsksOut, summary="What does a pool ask?")
def get_requirements(request: Request, actor: StaffReader, pool_id: UUID) -> Response:
    """Empty: it is private. The ETag guards a change."""
    with reading(request, actor) as session:
        shown = _asks(_find(session, actor, pool_id), database_now(session).astimezone(UTC).date())
    if is_known(request, content_version(_plain(shown))):
        return Response(status_code=304, headers=content_etag(_plain(shown)))
    return to_response(Reply(shown, headers=content_etag(_plain(shown))))


@router.patch("/pools/{pool_id}/requirements", response_model=PoolAsksOut, summary="Open a pool, or close it")
def patch_requirements(request: Request, actor: PoolKeeper, pool_id: UUID, asks: PoolAsksIn) -> Response:
    """Whoever meets them is in it, from now on and by themselves, and nobody else; needs If-Match with the ETag."""
    version = wanted_version(request, "pool")
    wanted = None if asks.requirements is None else asks.requirements.model_dump()
    with writing(request, actor, "engine") as session:
        row, now = _find(session, actor, pool_id), database_now(session)
        session.refresh(row, with_for_update=True)
        today = now.astimezone(UTC).date()
        if content_version(_plain(_asks(row, today))) != version:
            raise Stale("pool")
        set_requirements(session, actor, pool_id, wanted, now=now)
        session.refresh(row)
        shown = _asks(row, today)
    return to_response(Reply(shown, headers=content_etag(_plain(shown))))


@router.get("/pools/{pool_id}/overrides", response_model=list[OverrideOut], summary="List exceptions of an open pool")
def list_overrides(request: Request, actor: StaffReader, pool_id: UUID) -> list[OverrideOut]:
    """Those that hold, and those that ended, the newest first; at most 200."""
    with reading(request, actor) as session:
        _find(session, actor, pool_id)
        wanted = select(PoolOverrideRow).where(PoolOverrideRow.pool_id == pool_id)
        rows = session.scalars(wanted.order_by(PoolOverrideRow.id.desc()).limit(200)).all()
        return [OverrideOut.model_validate(row) for row in rows]


@router.put(
    "/pools/{pool_id}/overrides/{technician_id}", response_model=OverrideOut, summary="Make an exception for somebody"
)
def put_pool_override(
    request: Request, actor: PoolKeeper, pool_id: UUID, technician_id: UUID, wish: OverrideIn
) -> OverrideOut:
    """A member without meeting the requirements, or kept out though meeting them; it ends by itself."""
    with writing(request, actor, "engine") as session:
        made = put_override(
            session,
            actor,
            pool_id,
            technician_id,
            is_member=wish.is_member,
            reason=wish.reason,
            until=wish.until,
            now=database_now(session),
        )
        return OverrideOut.model_validate(session.get_one(PoolOverrideRow, made))


@router.delete(
    "/pools/{pool_id}/overrides/{technician_id}",
    status_code=204,
    response_class=Response,
    summary="Take an exception back",
)
def delete_pool_override(request: Request, actor: PoolKeeper, pool_id: UUID, technician_id: UUID) -> Response:
    """The requirements decide again, at once; where there was no exception, nothing changes."""
    with writing(request, actor, "engine") as session:
        take_override_back(session, actor, pool_id, technician_id, now=database_now(session))
    return Response(status_code=204)


@router.get("/open-pools", response_model=OpenPools, summary="Which pools could I be in?")
def list_open_pools(request: Request, actor: Talent, technician_id: _ForWhom = None) -> OpenPools:
    """Every open pool: a tick or a cross for each requirement, and what to do about each cross."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        asker = speaking_for(session, actor, technician_id)
        assert asker.technician_id is not None
        found = review_pools(session, asker.technician_id, now=database_now(session))
        return OpenPools(items=[_show(each) for each in found])


@router.get("/open-jobs/{visit_id}/checks", response_model=JobChecksOut, summary="May I do this job?")
def get_job_checks(
    request: Request,
    actor: Talent,
    visit_id: UUID,
    role: Annotated[str, Query(max_length=64, description="Of which role.")] = "technician",
    technician_id: _ForWhom = None,
) -> JobChecksOut:
    """A tick or a cross for each rule of an open job that you know of, and what to do about each cross."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        asker = speaking_for(session, actor, technician_id)
        assert asker.technician_id is not None
        found = review_job(session, asker.technician_id, visit_id, role, now=database_now(session))
    checks = [
        CheckOut(code=tick.rule.code, subject="", holds=tick.holds, text=tick.text, remedy=remedy)
        for tick, remedy in found.checks
    ]
    return JobChecksOut(visit_id=visit_id, role=role, may=all(each.holds for each in checks), checks=checks)


@router.get(
    "/technicians/{technician_id}/openings",
    response_model=OpeningsOut,
    summary="What would a proof have opened?",
)
def get_openings(request: Request, actor: Keeper, technician_id: UUID) -> OpeningsOut:
    """Jobs near your base that were open to you but for one proof, by its kind; in spans, never to the job."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        found = find_openings(session, technician_id, now=database_now(session))
        signed = set(session.scalars(select(CredentialKindRow.code).where(CredentialKindRow.family == "agreement")))
    items = [_opening(kind, bucket(num), kind in signed) for kind, num in found.items()]
    return OpeningsOut(within_miles=_MILES, days=LOOKS_BACK.days, items=items)


def _find(session: Session, actor: Actor, pool_id: UUID) -> PoolRow:
    row = session.scalars(select(PoolRow).where(PoolRow.id == pool_id)).one_or_none()
    if row is None or actor.client_id not in (None, row.client_id):
        raise NotFound("pool", pool_id)
    return row


def _opening(kind: str, least: int, is_signed: bool) -> OpeningOut:
    jobs = f"{least} jobs or more" if least else f"fewer than {BUCKETS[0]} jobs"
    return OpeningOut(
        kind=kind,
        at_least=least,
        text=f"{jobs} within {_MILES} miles in the last {LOOKS_BACK.days} days",
        remedy=f"read and sign {kind}" if is_signed else f"hand in a valid {kind}",
    )


def _asks(row: PoolRow, today: Any) -> PoolAsksOut:
    return PoolAsksOut(pool_id=row.id, requirements=row.requirements, is_current=row.judged_on == today)


def _plain(shown: PoolAsksOut) -> PoolAsksOut:
    """What the tag is of: the requirements alone."""
    return shown.model_copy(update={"is_current": True})


def _show(found: PoolReview) -> OpenPoolOut:
    return OpenPoolOut(
        pool_id=found.pool.id,
        name=found.pool.name,
        client_id=found.pool.client_id,
        client=found.client,
        is_member=found.is_member,
        until_at=found.override_until,
        checks=[CheckOut.model_validate(each) for each in found.checks],
    )
