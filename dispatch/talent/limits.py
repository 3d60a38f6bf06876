"""Which limits does a client go by? Its choice among the packs, its own limits, and the zone of its days."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, CompanyRow, CredentialKindRow, UsageRow
from dispatch.talent.askings import hold_touched
from dispatch.talent.packfiles import known_packs
from dispatch.talent.rights import only, own_client
from geo.errors import UnknownZoneError
from geo.timezones import has_every_midnight_once
from matching.errors import PolicyError
from matching.packs import LimitsPolicy


class Same(Enum):
    """What is not to change."""

    AS_IT_IS = "as it is"


_EMPLOYED = text("SELECT EXISTS (SELECT FROM usage WHERE client_id = :client AND engaged_as = 'w2')")
# Whoever works for the client is read again, and judged anew.
_TOUCH = text("UPDATE usage SET version = version + 1, judge_at = clock_timestamp() WHERE client_id = :client")


def set_limits(
    session: Session,
    actor: Actor,
    client_id: UUID,
    limits: Mapping[str, Any] | None = None,
    hours_zone: str | None = None,
    payroll_id: UUID | Same | None = Same.AS_IT_IS,
    *,
    now: datetime,
) -> None:
    """Replace the client's limits, set the zone that its hours are counted in, or its payroll partner. As the engine.

    Hours hold for what is offered and accepted from now on: work that is promised stays promised. Papers hold for it,
    too: with others than before, work to come and open offers are judged again within seconds, as when a proof ends.
    Through the partner, a company, are paid from now on whose way is `w2`; None: there is none any more.

    Raises
    ------
    BadInput
        When the limits name an unknown pack, the zone is none that days can be counted in, or there is no such company.
    Conflict
        When hours were counted in another zone already, or somebody is employed through the partner that is to go.
    NotFound, Refused
        The client is not the actor's; the actor is not its admin.
    """
    only(actor, "client_admin", "operator", doing="setting limits")
    own_client(session, actor, client_id)
    values: dict[str, Any] = {}
    if limits is not None:
        _check_limits(session, limits)
        values["limits"] = dict(limits)
        was = session.scalars(select(ClientRow.limits).where(ClientRow.id == client_id)).one()
        if was.get("papers", {}) != limits.get("papers", {}):
            hold_touched(session, client_id, (), now=now)
    if hours_zone is not None:
        _check_zone(session, client_id, hours_zone)
        values["hours_zone"] = hours_zone
    if payroll_id is not Same.AS_IT_IS:
        _check_partner(session, client_id, payroll_id)
        values["payroll_id"] = payroll_id
    if not values:
        return
    session.execute(update(ClientRow).where(ClientRow.id == client_id).values(values))
    session.execute(_TOUCH, {"client": client_id})
    told = {"fields": sorted(values), "hard": sorted(_hard(limits or {}))}
    record(session, actor, ("client", client_id), "limits_set", told, client_id=client_id, now=now)


def _check_partner(session: Session, client_id: UUID, payroll_id: UUID | None) -> None:
    """Holds the client, as `usage_has_payroll` does: nobody is employed meanwhile. The database refuses it, too."""
    client = session.get_one(ClientRow, client_id, with_for_update=True, populate_existing=True)
    if payroll_id is not None:
        if session.get(CompanyRow, payroll_id) is None:
            raise BadInput("payroll_company_id", str(payroll_id), "name a company of GET /v1/companies")
    elif client.money is not None and session.scalar(_EMPLOYED, {"client": client_id}):
        raise Conflict("people are employed through it", "take the payroll partner away", ("name another",))


def usual_papers(session: Session) -> dict[str, list[str]]:
    """What a new client wants of each way of working, until it says otherwise, as far as the catalogue has it.

    Of whoever is paid themselves a tax form; of a company's people the insurance that names it. Those on somebody's
    payroll have their papers there. Where a family has several kinds (a form for residents, one for others), which one
    somebody needs is the client's to say: all of them would be asked of everybody.
    """
    families = {"contractor": "tax_form", "company": "insurance"}
    rows = session.execute(
        select(CredentialKindRow.family, CredentialKindRow.code)
        .where(CredentialKindRow.family.in_(families.values()))
        .order_by(CredentialKindRow.code)
    ).all()
    found = {way: [code for of, code in rows if of == family] for way, family in families.items()}
    return {way: kinds for way, kinds in found.items() if len(kinds) == 1}


def bring_usual_papers(session: Session, actor: Actor, client_id: UUID, *, now: datetime) -> dict[str, list[str]]:
    """What a new client would want, for a client that is there: of each way that its limits say nothing of.

    What they say stays, also that no papers are wanted of a way; so again it changes nothing. Work to come and open
    offers are judged by what came, as by `set_limits`. As the engine; what came, by way.

    Raises
    ------
    BadInput
        When the client's limits as they stand could not be set today.
    NotFound, Refused
        There is no such client; the actor is not the operator.
    """
    only(actor, "operator", doing="bringing the usual papers to a client")
    own_client(session, actor, client_id)
    # Held, so that what somebody else sets meanwhile is not overwritten.
    client = session.get_one(ClientRow, client_id, with_for_update=True, populate_existing=True)
    said = client.limits.get("papers", {})
    missing = {way: kinds for way, kinds in usual_papers(session).items() if way not in said}
    if missing:
        set_limits(session, actor, client_id, {**client.limits, "papers": {**said, **missing}}, now=now)
        told = {"papers": missing}
        record(session, actor, ("client", client_id), "usual_papers_brought", told, client_id=client_id, now=now)
    return missing


def _check_limits(session: Session, limits: Mapping[str, Any]) -> None:
    try:
        policy = LimitsPolicy.from_document(limits, known_packs())
    except PolicyError as error:
        raise BadInput("limits", dict(limits), str(error)) from error
    wanted = {kind for papers in policy.papers.values() for paper in papers for kind in paper}
    unknown = wanted - set(session.scalars(select(CredentialKindRow.code).where(CredentialKindRow.code.in_(wanted))))
    if unknown:
        raise BadInput("limits.papers", sorted(unknown)[0], "name a kind of credential from the catalogue")


def _hard(limits: Mapping[str, Any]) -> list[str]:
    """The ids of what refuses work from now on."""
    chosen = [pack for pack, binding in limits.get("packs", {}).items() if binding == "hard"]
    return chosen + [own["id"] for own in limits.get("own", ()) if own.get("binding") == "hard"]


def _check_zone(session: Session, client_id: UUID, zone: str) -> None:
    try:
        is_good = has_every_midnight_once(zone)
    except UnknownZoneError as error:
        raise BadInput("hours_zone", zone, str(error)) from error
    if not is_good:
        raise BadInput("hours_zone", zone, "name one whose clocks never change at midnight")
    counted = session.scalar(select(UsageRow.client_id).where(UsageRow.client_id == client_id).limit(1))
    if counted is not None and session.get_one(ClientRow, client_id).hours_zone != zone:
        raise Conflict("hours are counted already", "set another zone for them")
