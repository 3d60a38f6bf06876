"""Who is this technician, and does the network count on them? Profiles, own limits, and the moves of their state."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    CompanyRow,
    SessionRow,
    SkillRow,
    TechnicianRow,
    TechnicianSkillRow,
    new_id,
)
from dispatch.talent.clearances import with_word
from dispatch.talent.credentials import look_again
from dispatch.talent.engaging import fall_back, go_through
from dispatch.talent.insurance import reopen_insurance
from dispatch.talent.membership import renew_memberships
from dispatch.talent.profiles import Profile, checked_skills, columns_of
from dispatch.talent.reviews import is_held, is_unheard
from dispatch.talent.rights import hold_technician, only
from matching.technician import Consent

#: state -> {wish: (the next state, whether only the operator may)}
MOVES: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "invited": {"activate": ("active", False), "leave": ("left", False)},
    "active": {"pause": ("paused", False), "suspend": ("suspended", True), "leave": ("left", False)},
    "paused": {"resume": ("active", False), "suspend": ("suspended", True), "leave": ("left", False)},
    "suspended": {"reinstate": ("active", True), "leave": ("left", False)},
    "left": {"invite": ("invited", True)},
    "erased": {},
}

#: What only the operator says of a technician: it is proved, or admits to work.
_OPERATORS_FIELDS = ("number", "clearance", "clearance_until", "in_market", "company_id")
#: States whose sessions end, for good.
_OUT = ("suspended", "left")
_KINDS = {
    "activate": "activated",
    "leave": "left",
    "pause": "paused",
    "resume": "resumed",
    "suspend": "suspended",
    "reinstate": "reinstated",
    "invite": "invited",
}


def create_technician(
    session: Session, actor: Actor, profile: Profile, skills: Mapping[str, int], *, now: datetime, state: str = "active"
) -> UUID:
    """Add a technician, with skills and their levels; a company adds its own people, outside the market.

    Raises
    ------
    BadInput
        A value cannot be kept, the number is taken, or a skill or the company is not known.
    Refused
        The actor is neither the operator nor a company.
    """
    only(actor, "operator", "company", doing="adding technicians")
    if actor.company_id is not None:
        profile = replace(
            profile, company_id=actor.company_id, in_market=False, clearance="unknown", clearance_until=None
        )
    _check_company(session, profile.company_id)
    profile = with_word(session, None, profile, {"clearance_until": profile.clearance_until}, now=now)
    technician_id: UUID | None = session.scalar(
        pg_insert(TechnicianRow)
        .values(id=new_id(), state=state, created_at=now, **columns_of(profile))
        .on_conflict_do_nothing(index_elements=["number"])
        .returning(TechnicianRow.id)
    )
    if technician_id is None:
        raise BadInput("number", profile.number, "use a number that no technician has, or change that technician")
    _replace_skills(session, technician_id, skills)
    record(session, actor, ("technician", technician_id), "created", {"state": state}, client_id=None, now=now)
    return technician_id


def update_profile(
    session: Session, actor: Actor, technician_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> None:
    """Change some fields of a profile, named as in `Profile`; the whole is checked again.

    A place that moves takes its zone along, unless `time_zone` is among the changes.

    Raises
    ------
    BadInput
        A field is unknown, or a value cannot be kept.
    Refused
        A field is the operator's to say.
    NotFound
        There is no such technician for this actor.
    """
    if actor.kind not in ("operator", "engine") and (theirs := [each for each in _OPERATORS_FIELDS if each in changes]):
        raise Refused(f"{', '.join(theirs)}: only the operator changes this", ("only_operator",))
    row = hold_technician(session, actor, technician_id)
    moved = {"lat", "lng"} & changes.keys()
    before = replace(_profile(row), time_zone=None) if moved else _profile(row)
    try:
        after = replace(before, **changes)
    except TypeError as error:
        unknown = sorted(changes.keys() - set(Profile.__slots__))
        raise BadInput("profile", ", ".join(unknown), f"name some of {', '.join(Profile.__slots__)}") from error
    _check_company(session, after.company_id)
    after = with_word(session, before, after, changes, now=now)
    columns = columns_of(after)
    if after.consent is None:
        # What is taken back does not rest: given again, it holds.
        columns["auto_paused"] = False
    if "number" in changes and _number_is_taken(session, columns["number"], technician_id):
        raise BadInput("number", after.number, "use a number that no other technician has")
    changed = sorted(name for name, value in columns.items() if getattr(row, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(row, name, columns[name])
    session.flush()
    record(session, actor, ("technician", technician_id), "updated", {"fields": changed}, client_id=None, now=now)
    _follow(session, actor, technician_id, after, set(changed), now)


def _follow(
    session: Session, actor: Actor, technician_id: UUID, after: Profile, changed: set[str], now: datetime
) -> None:
    """What hangs on the fields that changed."""
    if {"name", "company_id"} & changed:
        reopen_insurance(session, [technician_id], now=now)
    if {"clearance", "clearance_until"} & changed:
        look_again(session, [technician_id], now)
    if "company_id" in changed:
        moved_to = fall_back if after.company_id is None else go_through
        moved_to(session, actor, technician_id, now=now)


def set_skills(
    session: Session, actor: Actor, technician_id: UUID, skills: Mapping[str, int], *, now: datetime
) -> None:
    """Say which skills a technician has, at which level: the operator's word, which the rules trust.

    Raises
    ------
    BadInput
        A skill is not of the catalogue, or a level not from 1 to 5.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="saying who has which skill")
    hold_technician(session, actor, technician_id)
    _replace_skills(session, technician_id, skills)
    record(session, actor, ("technician", technician_id), "skills_set", dict(skills), client_id=None, now=now)
    renew_memberships(session, [technician_id], now=now)


def move_technician(session: Session, actor: Actor, technician_id: UUID, wish: str, *, now: datetime) -> str:
    """Change a technician's state by one of the `MOVES`; the new state. Who is out of it is signed out everywhere.

    Raises
    ------
    Conflict
        The state does not allow it; names the moves that it does.
    Conflict
        Notice of a removal was given: nothing but leaving of their own wish goes before it has ended.
    Refused
        Only the operator may; nobody is suspended over an adverse result of which no notice was given.
    """
    row = hold_technician(session, actor, technician_id)
    moves = MOVES[row.state]
    is_own_wish = wish == "leave" and actor.technician_id == technician_id
    if wish in moves and not is_own_wish and is_held(session, technician_id):
        raise Conflict("noticed", wish, ("withdraw the removal", "finish the removal"))
    if wish not in moves:
        raise Conflict(row.state, wish, tuple(moves))
    state, is_operators = moves[wish]
    if is_operators:
        only(actor, "operator", doing=wish)
    if wish == "suspend" and is_unheard(session, technician_id):
        raise Refused(
            "a screening came back adverse: give notice first, which holds their work", ("only_after_notice",)
        )
    row.state = state
    session.flush()
    if state in _OUT:
        theirs = update(SessionRow).where(SessionRow.technician_id == technician_id, SessionRow.ended_at.is_(None))
        session.execute(theirs.values(ended_at=now))
    record(session, actor, ("technician", technician_id), _KINDS[wish], client_id=None, now=now)
    renew_memberships(session, [technician_id], now=now)
    return state


def pause_consent(session: Session, actor: Actor, technician_id: UUID, paused: bool, *, now: datetime) -> None:
    """Stop being assigned at once, for now, or go on; the limits stay as they are."""
    row = hold_technician(session, actor, technician_id)
    if row.auto_paused == paused:
        return
    row.auto_paused = paused
    session.flush()
    kind = "consent_paused" if paused else "consent_resumed"
    record(session, actor, ("technician", technician_id), kind, client_id=None, now=now)


def _profile(row: TechnicianRow) -> Profile:
    consent = None
    if row.auto_min_hourly is not None and row.auto_max_km is not None and row.auto_max_per_day is not None:
        consent = Consent(Decimal(row.auto_min_hourly), row.auto_max_km, row.auto_max_per_day)
    quiet = None if row.quiet_from is None or row.quiet_to is None else (_minute(row.quiet_from), _minute(row.quiet_to))
    return Profile(
        number=row.number,
        name=row.name,
        lat=row.lat,
        lng=row.lng,
        email=row.email,
        phone=row.phone,
        time_zone=row.time_zone,
        radius_km=row.radius_km,
        area=row.area,
        in_market=row.in_market,
        clearance=row.clearance,
        clearance_until=row.clearance_until,
        day_capacity=row.day_capacity,
        min_hourly=row.min_hourly,
        currency=row.currency,
        quiet=quiet,
        works_in_quiet_hours=row.works_in_quiet_hours,
        consent=consent,
        company_id=row.company_id,
    )


def _minute(local: time) -> int:
    return local.hour * 60 + local.minute


def _replace_skills(session: Session, technician_id: UUID, skills: Mapping[str, int]) -> None:
    wanted = checked_skills(skills)
    known = set(session.scalars(select(SkillRow.code).where(SkillRow.code.in_(wanted)))) if wanted else set()
    if unknown := sorted(wanted.keys() - known):
        raise BadInput("skills", unknown[0], "name a skill of the catalogue, or add it there first")
    session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == technician_id))
    if wanted:
        rows = [{"technician_id": technician_id, "skill": code, "level": level} for code, level in wanted.items()]
        session.execute(insert(TechnicianSkillRow), rows)


def _check_company(session: Session, company_id: UUID | None) -> None:
    if company_id is not None and session.get(CompanyRow, company_id) is None:
        raise BadInput("company_id", company_id, "name a company of the network, or leave it out")


def _number_is_taken(session: Session, number: str, technician_id: UUID) -> bool:
    others = select(TechnicianRow.id).where(TechnicianRow.number == number, TechnicianRow.id != technician_id)
    return session.scalar(others) is not None
