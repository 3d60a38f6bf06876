"""Who does the work? Technicians: add, find, read, change, pause, and where they are now."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from api.auth import STAFF, Operator, Technician, only
from api.errors import Stale
from api.etags import etag, is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, writing
from api.people import find_visible, moves_of, show_technicians, visible_to
from api.schemas.pages import PageOf
from api.schemas.talent import (
    PausedIn,
    PositionIn,
    PositionOut,
    SkillsIn,
    TechnicianIn,
    TechnicianMove,
    TechnicianMoved,
    TechnicianOut,
    TechnicianPatch,
    TechnicianState,
    minutes,
)
from api.schemas.values import Code
from dispatch.bell import Position
from dispatch.errors import Refused
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import PoolMemberRow, TechnicianRow, TechnicianSkillRow
from dispatch.talent.positions import good_until, may_be_shared, share_positions
from dispatch.talent.profiles import Profile
from dispatch.talent.technicians import (
    create_technician,
    move_technician,
    pause_consent,
    set_skills,
    update_profile,
)
from dispatch.visits.lapses import recheck
from dispatch.visits.whereabouts import Here, note_position
from geo.points import Point, check_place

router = APIRouter(prefix="/v1/technicians", tags=["technicians"])

#: Whoever may know technicians at all; which ones, says `people.visible_to`.
Knows = Annotated[Actor, Depends(only(*STAFF, "technician", "company", "operator"))]
#: Who may change a technician: themselves, their company, the operator.
Keeper = Annotated[Actor, Depends(only("technician", "company", "operator"))]
#: Who adds technicians.
Adder = Annotated[Actor, Depends(only("operator", "company"))]


@router.post("", status_code=201, response_model=TechnicianOut, summary="Add a technician")
def post_technician(request: Request, actor: Adder, technician: TechnicianIn) -> Response:
    """The operator adds anybody; a company adds its own people, outside the open market."""

    def work(session: Session, now: datetime) -> Reply:
        profile = Profile(**_profile_values(technician, set(TechnicianIn.model_fields) - {"skills", "state"}))
        made = create_technician(session, actor, profile, technician.skills, state=technician.state, now=now)
        shown = _one(session, actor, made)
        return Reply(shown, 201, {"Location": f"/v1/technicians/{made}", **_etag(shown)})

    return idempotent(request, actor, work)


@router.get("", response_model=PageOf[TechnicianOut], summary="Find technicians")
def list_technicians(
    request: Request,
    actor: Knows,
    response: Response,
    state: Annotated[TechnicianState | None, Query(description="Only these.", examples=["active"])] = None,
    skill: Annotated[Code | None, Query(description="Only who has this skill.", examples=["hvac"])] = None,
    number: Annotated[str | None, Query(max_length=64, description="Only this one.", examples=["T-00042"])] = None,
    name: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Only whose name holds this.", examples=["Diaz"])
    ] = None,
    pool_id: Annotated[UUID | None, Query(description="Only members of this pool of yours.")] = None,
    company_id: Annotated[UUID | None, Query(description="Only who works for this company.")] = None,
    clearance_until: Annotated[
        date | None, Query(description="Only who is cleared, through this day at most: for the operator alone.")
    ] = None,
    id: Annotated[list[UUID] | None, Query(max_length=200, description="Only these, each named once.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[TechnicianOut]:
    """Whom you may know, newest first: a client the market, its pools and who has worked for it."""
    wanted = select(TechnicianRow).where(visible_to(actor), *_cleared_until(actor, clearance_until))
    asked = {TechnicianRow.state: state, TechnicianRow.number: number, TechnicianRow.company_id: company_id}
    wanted = wanted.where(*(column == value for column, value in asked.items() if value is not None))
    if name is not None:
        wanted = wanted.where(TechnicianRow.name.icontains(name, autoescape=True))
    if id is not None:
        wanted = wanted.where(TechnicianRow.id.in_(id))
    if skill is not None:
        wanted = wanted.where(
            exists().where(TechnicianSkillRow.technician_id == TechnicianRow.id, TechnicianSkillRow.skill == skill)
        )
    if pool_id is not None:
        wanted = wanted.where(_in_pool(actor, pool_id))
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, wanted, TechnicianRow.id, limit=limit, cursor=cursor)
        items = show_technicians(session, actor, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.put("/me/position", status_code=202, response_model=PositionOut, summary="Share where you are")
def put_position(request: Request, actor: Technician, position: PositionIn) -> PositionOut:
    """Be asked from where you are, for some hours, while you share positions (`shares_position`): nobody is shown it.

    From "on my way" to the check-out the parties of that job alone see where you are: `visits` says which. Without
    Redis what you share is lost, and `why_not` says so.
    """
    here = check_place(Point(position.lat, position.lng))
    assert actor.technician_id is not None
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        now = database_now(session)
        until = good_until(position.until, now=now)
        may = may_be_shared(session, actor.technician_id)
        visits = note_position(session, actor.technician_id, Here(here.lat, here.lng, position.accuracy_m), now=now)
    if not may:
        return PositionOut(is_shared=False, until=until, why_not="not_opted_in", visits=visits)
    told = Position(actor.technician_id, here.lat, here.lng, int(until.timestamp()))
    is_shared = parts_of(request).bell.post_position(told)
    why_not: Any = None if is_shared else "redis_is_away"
    return PositionOut(is_shared=is_shared, until=until, why_not=why_not, visits=visits)


@router.get("/{technician_id}", response_model=TechnicianOut, summary="Read a technician")
def get_technician(request: Request, actor: Knows, technician_id: UUID) -> Response:
    """To a client the place is coarse and `private` empty. The ETag guards a change."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        shown = _one(session, actor, technician_id)
    if shown.private is not None and is_known(request, shown.private.version):
        return Response(status_code=304, headers=_etag(shown))
    return to_response(Reply(shown, headers=_etag(shown)))


@router.patch("/{technician_id}", response_model=TechnicianOut, summary="Change a technician")
def patch_technician(request: Request, actor: Keeper, technician_id: UUID, patch: TechnicianPatch) -> Response:
    """Change what is named: own limits, area, quiet hours, standing consent. Needs If-Match with the ETag."""
    version = wanted_version(request, "technician")
    changes = _profile_values(patch, patch.model_fields_set)
    shares = changes.pop("shares_position", None)
    with writing(request, actor, "engine") as session:
        row = find_visible(session, actor, technician_id)
        session.refresh(row, with_for_update={"key_share": True})
        if row.version != version:
            raise Stale("technician")
        now = database_now(session)
        if changes:
            update_profile(session, actor, technician_id, changes, now=now)
            if {"name", "company_id"} & changes.keys():
                recheck(session, actor, technician_id, now=now)
        if shares is not None:
            share_positions(session, actor, technician_id, shares, now=now)
        shown = _one(session, actor, technician_id)
    if shares is False:
        # What was shared before is forgotten at once, not when it would have ended.
        parts_of(request).bell.post_position(Position(technician_id, 0.0, 0.0, 0))
    return to_response(Reply(shown, headers=_etag(shown)))


@router.put("/{technician_id}/skills", response_model=TechnicianOut, summary="Say who has which skill")
def put_skills(request: Request, actor: Operator, technician_id: UUID, skills: SkillsIn) -> TechnicianOut:
    """All skills with their levels: the operator's word, which the rules trust."""
    return _changed(
        request,
        actor,
        technician_id,
        lambda session, now: set_skills(session, actor, technician_id, skills.skills, now=now),
    )


@router.put("/{technician_id}/consent/paused", response_model=TechnicianOut, summary="Rest or resume standing consent")
def put_consent_paused(request: Request, actor: Keeper, technician_id: UUID, pause: PausedIn) -> TechnicianOut:
    """Stop being assigned at once, for now; the limits stay as they are."""
    return _changed(
        request,
        actor,
        technician_id,
        lambda session, now: pause_consent(session, actor, technician_id, pause.paused, now=now),
    )


@router.post("/{technician_id}/{wish}", response_model=TechnicianMoved, summary="Pause, resume, leave …")
def post_technician_move(request: Request, actor: Keeper, technician_id: UUID, wish: TechnicianMove) -> Response:
    """Move a technician's state; suspending, reinstating and inviting again are the operator's."""

    def work(session: Session, now: datetime) -> Reply:
        state: Any = move_technician(session, actor, technician_id, wish, now=now)
        return Reply(TechnicianMoved(id=technician_id, state=state, moves=moves_of(actor, state)))

    return idempotent(request, actor, work)


def _profile_values(sent: TechnicianIn | TechnicianPatch, names: set[str]) -> dict[str, Any]:
    """What was sent under these names, in the form that profiles take."""
    values = {name: getattr(sent, name) for name in names}
    if values.get("quiet") is not None:
        values["quiet"] = (minutes(values["quiet"].begin), minutes(values["quiet"].end))
    if values.get("consent") is not None:
        values["consent"] = values["consent"].to_consent()
    return values


def _one(session: Session, actor: Actor, technician_id: UUID) -> TechnicianOut:
    return show_technicians(session, actor, [find_visible(session, actor, technician_id)])[0]


def _changed(
    request: Request, actor: Actor, technician_id: UUID, change: Callable[[Session, datetime], None]
) -> TechnicianOut:
    with writing(request, actor, "engine") as session:
        change(session, database_now(session))
        return _one(session, actor, technician_id)


def _cleared_until(actor: Actor, day: date | None) -> list[ColumnElement[bool]]:
    if day is not None and actor.kind != "operator":
        raise Refused("clearance_until: only the operator asks whose clearance ends", ("only_operator",))
    return [] if day is None else [TechnicianRow.clearance_until <= day]


def _in_pool(actor: Actor, pool_id: UUID) -> ColumnElement[bool]:
    """A member of this pool; another client's pool has none."""
    members = exists().where(PoolMemberRow.technician_id == TechnicianRow.id, PoolMemberRow.pool_id == pool_id)
    return members if actor.kind == "operator" else members.where(PoolMemberRow.client_id == actor.client_id)


def _etag(shown: TechnicianOut) -> dict[str, str]:
    return {"ETag": etag(shown.private.version)} if shown.private is not None else {}
