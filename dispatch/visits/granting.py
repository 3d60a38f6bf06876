"""What does a yes to the site bring about? More time in the calendar, a part on its way, another person asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.budgeting import check_price
from dispatch.jobs.devices import check_one
from dispatch.jobs.lifecycle import SITE_REQUEST
from dispatch.jobs.reading import needs_document
from dispatch.jobs.rounds import open_rounds
from dispatch.jobs.terms import record_terms
from dispatch.jobs.wishes import check_needs
from dispatch.money.committing import promise_more
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    ClientRow,
    JobRow,
    SiteRequestRow,
    SlotRow,
    VisitRow,
    new_id,
)
from dispatch.talent.reading import lock_technician
from dispatch.talent.usage import HoursMovedError, rules_of, take_longer
from dispatch.visits.finding import is_clients
from dispatch.visits.parts import PartWish, keep_part
from dispatch.visits.siterequests import close_request, find_request
from matching.job import Needs, Pay
from matching.pay import is_by_device
from matching.rates import Rates
from matching.technician import Technician

#: How long somebody who is asked now may need to get there: so much is added to the window that offers are made for.
_TO_GET_THERE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class PersonWish:
    """Another place on the visit; what is None is like the place of the technician who asked."""

    role: str | None = None
    needs: Needs | None = None
    pay: Pay | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What is granted; what is None is as it was asked for. `is_return`: it comes with a later visit."""

    minutes: int | None = None
    amount: Decimal | None = None
    part: dict[str, Any] = field(default_factory=dict)
    person: PersonWish | None = None
    is_return: bool = False


def grant_from_site(session: Session, actor: Actor, request_id: UUID, grant: Grant, *, now: datetime) -> None:
    """Say yes to a request from the site, and do what it asks for. Runs as the engine.

    Raises
    ------
    NotFound
        When the request is not the actor's client's.
    BadInput
        When something else is granted than was asked for.
    Refused
        When more time would run into the technician's next work; says how many minutes are free. Or when the job's
        budget does not suffice for what is added.
    Conflict
        When it was answered already, or too late.
    """
    request = find_request(session, actor, request_id)
    if not is_clients(actor, request.client_id):
        raise NotFound("site request", request_id)
    if request.state != "waiting":
        raise Conflict(request.state, "grant", tuple(SITE_REQUEST[request.state]))
    _check(request, grant)
    brought: dict[str, Any] = {"granted_amount": grant.amount, "is_return": grant.is_return}
    if request.kind == "more_time":
        minutes = grant.minutes or request.minutes or 0
        _extend(session, request, minutes, now)
        brought["granted_minutes"] = minutes
    elif request.kind == "part":
        brought["part_id"] = _add_part(session, actor, request, grant, now)
    elif not grant.is_return:
        brought["slot_id"] = _add_person(session, request, grant.person or PersonWish(), now)
        check_price(session, actor, request.job_id)
    close_request(session, actor, request, "grant", now=now, **brought)
    _promise(session, actor, request, grant.amount, now)


def _promise(session: Session, actor: Actor, request: SiteRequestRow, amount: Decimal | None, now: datetime) -> None:
    """What is added to the pay is promised from now on."""
    mine = select(AssignmentRow.id).where(
        AssignmentRow.visit_id == request.visit_id,
        AssignmentRow.technician_id == request.technician_id,
        AssignmentRow.state == "live",
    )
    assignment_id = session.scalar(mine)
    if assignment_id is not None:
        promise_more(session, assignment_id, amount, now=now, actor=actor)


def _check(request: SiteRequestRow, grant: Grant) -> None:
    given = {"minutes": grant.minutes, "part": grant.part or None, "slot": grant.person}
    fitting = {"more_time": "minutes", "part": "part", "second_person": "slot", "different_skill": "slot"}
    for name, value in given.items():
        if value is not None and fitting[request.kind] != name:
            raise BadInput(name, request.kind, f"leave it out: the request is for {request.kind}")
    if grant.is_return and (request.kind == "more_time" or grant.person is not None):
        raise BadInput("is_return", True, "leave it to a part, or to another person who comes with a later visit")


def _extend(session: Session, request: SiteRequestRow, minutes: int, now: datetime) -> None:
    """The technician's booking, assignment and visit end so much later: than agreed, or than now if that is over."""
    technician = lock_technician(session, request.technician_id, now=now)
    assert technician is not None, "a technician with work exists"
    mine = AssignmentRow.visit_id == request.visit_id, AssignmentRow.technician_id == request.technician_id
    held = select(AssignmentRow).where(*mine, AssignmentRow.state == "live").with_for_update(key_share=True)
    assignment = session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    if assignment is None or assignment.presence == "checked_out":
        raise Conflict("the technician has left", "grant", ("refuse",))
    begins = max(assignment.end_at, now)
    ends = begins + timedelta(minutes=minutes)
    _take_hours(session, technician, assignment, ends, now)
    session.execute(update(AssignmentRow).where(AssignmentRow.id == assignment.id).values(end_at=ends))
    session.execute(
        update(VisitRow)
        .where(VisitRow.id == request.visit_id)
        .values(planned_end_at=func.greatest(VisitRow.planned_end_at, ends))
    )
    try:
        with session.begin_nested():
            session.execute(
                update(BookingRow)
                .where(BookingRow.id == assignment.booking_id)
                .values(busy=func.tstzrange(func.lower(BookingRow.busy), ends, "[)"))
            )
    except IntegrityError as error:
        raise _runs_into(session, request, begins) from error


def _take_hours(
    session: Session, technician: Technician, assignment: AssignmentRow, ends: datetime, now: datetime
) -> None:
    """More time is more hours with the client: under the same limits as any promise. Leaving later stays possible."""
    client = session.get_one(ClientRow, assignment.client_id)
    try:
        fits = take_longer(session, technician, rules_of(client, now), assignment, ends, now=now)
    except HoursMovedError:
        fits = False
    if not fits:
        raise Refused("their hours with you would pass a limit: grant less, or send another", ("limit",))


def _runs_into(session: Session, request: SiteRequestRow, begins: datetime) -> Refused:
    """What more time would hit: of another client's work no more than when it begins."""
    following = session.execute(
        select(func.lower(BookingRow.busy), AssignmentRow.visit_id)
        .outerjoin(
            AssignmentRow, (AssignmentRow.booking_id == BookingRow.id) & (AssignmentRow.client_id == request.client_id)
        )
        .where(
            BookingRow.technician_id == request.technician_id, BookingRow.live, func.lower(BookingRow.busy) >= begins
        )
        .order_by(func.lower(BookingRow.busy))
        .limit(1)
    ).one_or_none()
    if following is None:
        return Refused("a visit takes 14 days at most; end this one and plan another", ("too_long",))
    free_min = int((following[0] - begins).total_seconds() // 60)
    which = f"visit {following[1]} of yours" if following[1] else "the technician's next work"
    return Refused(f"it would run into {which}: at most {free_min} minutes are free; grant no more", ("free",))


def _add_part(session: Session, actor: Actor, request: SiteRequestRow, grant: Grant, now: datetime) -> UUID:
    asked = {"item": request.item, "quantity": request.quantity, "visit_id": request.visit_id}
    job = session.get_one(JobRow, request.job_id)
    return keep_part(session, actor, job, PartWish(**{**asked, "state": "ordered", **grant.part}), now=now)


def _add_person(session: Session, request: SiteRequestRow, wish: PersonWish, now: datetime) -> UUID:
    """Another place on a visit that is under way, and a round for it: the slot's id."""
    slots = session.scalars(
        select(SlotRow).where(SlotRow.visit_id == request.visit_id).order_by(SlotRow.id).with_for_update()
    ).all()
    like = next((slot for slot in slots if slot.technician_id == request.technician_id), slots[0])
    values = _place_like(session, request, like, wish, {slot.role for slot in slots})
    slot_id = new_id()
    session.execute(
        insert(SlotRow).values(
            id=slot_id,
            client_id=request.client_id,
            job_id=request.job_id,
            visit_id=request.visit_id,
            num=max(slot.num for slot in slots) + 1,
            is_lead=False,
            **values,
        )
    )
    until = now + _TO_GET_THERE + func.make_interval(0, 0, 0, 0, 0, VisitRow.duration_min)
    session.execute(
        update(VisitRow)
        .where(VisitRow.id == request.visit_id)
        .values(window_end_at=func.greatest(VisitRow.window_end_at, until))
    )
    version = session.scalars(
        update(JobRow)
        .where(JobRow.id == request.job_id)
        .values(terms_version=JobRow.terms_version + 1, version=JobRow.version + 1)
        .returning(JobRow.terms_version)
    ).one()
    record_terms(session, request.client_id, request.job_id, version, now)
    open_rounds(session, request.client_id, request.job_id, "terms_changed", now=now)
    return slot_id


def _place_like(
    session: Session, request: SiteRequestRow, like: SlotRow, wish: PersonWish, roles: set[str]
) -> dict[str, Any]:
    """Role, needs and pay of the new place: slots of one role are alike, so what differs gets a role of its own."""
    needs = dict(like.needs) if wish.needs is None else needs_document(wish.needs)
    if wish.needs is not None:
        check_needs(session, wish.needs, "slot.needs")
    elif request.skill is not None:
        needs["skills"] = {request.skill: 1}
    pay = wish.pay or Pay(like.pay_kind, like.pay_amount, like.currency)  # type: ignore[arg-type]
    if pay.currency != like.currency:
        raise BadInput("slot.pay.currency", pay.currency, f"pay in the job's currency, {like.currency}")
    rates = Rates.from_document(session.get_one(JobRow, request.job_id).day_policy.get("rates", {}))
    check_one(1 + is_by_device(pay, rates), "slot.pay")
    paid = {"pay_kind": pay.kind, "pay_amount": pay.amount, "currency": pay.currency}
    is_alike = needs == like.needs and pay == Pay(like.pay_kind, like.pay_amount, like.currency)  # type: ignore[arg-type]
    role = wish.role or (like.role if is_alike else request.skill or "helper")
    if role in roles and not (is_alike and role == like.role):
        raise BadInput("slot.role", role, "name a role that the visit does not have: slots of a role are alike")
    return {"role": role, "needs": needs, **paid}
