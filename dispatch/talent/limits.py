"""Which limits does a client go by? Its choice among the packs, its own limits, and the zone of its days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, CredentialKindRow, UsageRow
from dispatch.talent.askings import hold_touched
from dispatch.talent.packfiles import known_packs
from dispatch.talent.rights import only, own_client
from geo.errors import UnknownZoneError
from geo.timezones import has_every_midnight_once
from matching.errors import PolicyError
from matching.packs import MOST_OWN, LimitsPolicy

# Whoever works for the client is read again, and judged anew.
_TOUCH = text("UPDATE usage SET version = version + 1, judge_at = clock_timestamp() WHERE client_id = :client")


def set_limits(
    session: Session,
    actor: Actor,
    client_id: UUID,
    limits: Mapping[str, Any] | None = None,
    hours_zone: str | None = None,
    *,
    now: datetime,
) -> None:
    """Replace the client's limits, or set the zone that its hours are counted in. Runs as the engine.

    Hours hold for what is offered and accepted from now on: work that is promised stays promised. Papers hold for it,
    too: with others than before, work to come and open offers are judged again within seconds, as when a proof ends.

    Raises
    ------
    BadInput
        When the limits name an unknown pack, or the zone is none that days can be counted in.
    Conflict
        When hours were counted in another zone already.
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
    if not values:
        return
    session.execute(update(ClientRow).where(ClientRow.id == client_id).values(values))
    session.execute(_TOUCH, {"client": client_id})
    told = {"fields": sorted(values), "hard": sorted(_hard(limits or {}))}
    record(session, actor, ("client", client_id), "limits_set", told, client_id=client_id, now=now)


def usual_papers(session: Session) -> dict[str, list[str]]:
    """What a new client wants of each way of working, until it says otherwise, as far as the catalogue has it.

    Of whoever is paid themselves a tax form; of a company's people the insurance that names it. Those on somebody's
    payroll have their papers there.
    """
    families = {"contractor": "tax_form", "company": "insurance"}
    rows = session.execute(
        select(CredentialKindRow.family, CredentialKindRow.code)
        .where(CredentialKindRow.family.in_(families.values()))
        .order_by(CredentialKindRow.code)
    ).all()
    found = {way: [code for of, code in rows if of == family][:MOST_OWN] for way, family in families.items()}
    return {way: kinds for way, kinds in found.items() if kinds}


def _check_limits(session: Session, limits: Mapping[str, Any]) -> None:
    try:
        policy = LimitsPolicy.from_document(limits, known_packs())
    except PolicyError as error:
        raise BadInput("limits", dict(limits), str(error)) from error
    wanted = {kind for kinds in policy.papers.values() for kind in kinds}
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
