"""Who posts work, and who works for them? Clients, their policy, and their staff."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.money.funds import open_purse, way_of_paying
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, StaffRow, new_id
from dispatch.record.tables.clients import STAFF_ROLES
from dispatch.talent.limits import usual_papers
from dispatch.talent.profiles import checked_currency
from dispatch.talent.rights import NETWORK, only, own_client
from dispatch.talent.words import checked_code, checked_email, checked_text
from geo.places import REGIONS
from matching.daypolicy import DayPolicy
from matching.errors import PolicyError
from matching.policy import Policy

_DIGEST = re.compile(r"[0-9a-f]{64}")


def create_client(
    session: Session,
    actor: Actor,
    name: str,
    *,
    currency: str = "USD",
    policy: Mapping[str, Any] | None = None,
    day_policy: Mapping[str, Any] | None = None,
    standing: Mapping[str, Any] | None = None,
    is_application: bool = False,
    now: datetime,
) -> UUID:
    """A new client: a tenant of its own. `policy` and `day_policy` hold the settings that differ from the defaults.

    Approved at once by the operator's word when `standing` (as in `standing_columns`) names the agreement accepted
    and how it pays; without an agreement, and as an application, it waits for the approval.

    Raises
    ------
    BadInput
        The name, currency, policy or a limit cannot be kept; an agreement, and not how it pays.
    Refused
        The actor is not the operator, nor a gateway that hands in an application.
    """
    only(actor, "operator", *(("gateway",) if is_application else ()), doing="adding clients")
    client_id = new_id()
    said = standing_columns(standing or {}, checked_currency("currency", currency))
    is_approved = not is_application and said.get("agreement") is not None
    if is_approved:
        check_pays(said)
    session.execute(
        insert(ClientRow).values(
            id=client_id,
            name=checked_text("name", name),
            currency=currency,
            policy=_checked_policy(policy or {}),
            day_policy=_checked_day_policy(day_policy or {}),
            state="approved" if is_approved else "applied",
            limits={"papers": papers} if (papers := usual_papers(session)) else {},
            created_at=now,
            **said,
        )
    )
    check_ladder(session, client_id, DayPolicy.from_document(day_policy or {}))
    record(session, actor, ("client", client_id), "created" if is_approved else "applied", client_id=client_id, now=now)
    if said.get("money") is not None:
        open_purse(session, actor, client_id, currency, said["money"], now=now)
    return client_id


def set_standing(
    session: Session, actor: Actor, client_id: UUID, standing: Mapping[str, Any], *, now: datetime
) -> None:
    """Set a client's credit limit or way of paying, states of operation or agreement, as in `standing_columns`.

    A lower credit limit takes nothing back: nothing more is set aside until there is room, so nobody new is asked.

    Raises
    ------
    BadInput
        A value cannot be kept.
    NotFound, Refused
        There is no such client; the actor is not the operator.
    """
    only(actor, "operator", doing="setting a client's limits")
    own_client(session, actor, client_id)
    if not standing:
        return
    row = session.scalars(select(ClientRow).where(ClientRow.id == client_id).with_for_update(key_share=True)).one()
    values = standing_columns(standing, row.currency, row.money)
    if row.state not in ("applied", "declined") and values.get("agreement", row.agreement) is None:
        raise BadInput("agreement", None, "name the one that replaces it: nobody works for a client without")
    if not values:
        return
    session.execute(update(ClientRow).where(ClientRow.id == client_id).values(values))
    data = {"fields": sorted(values)}
    record(session, actor, ("client", client_id), "limits_set", data, client_id=client_id, now=now)
    if "money" in values:
        open_purse(session, actor, client_id, row.currency, values["money"], now=now)


def check_pays(columns: Mapping[str, Any]) -> None:
    """Whoever is approved pays through Truckroll, with a limit, or outside because somebody said so.

    Raises
    ------
    BadInput
        When neither was said.
    """
    if columns.get("money") is None and not columns.get("pays_outside"):
        way_out = "say how far its credit goes, 0 for none; or pays_outside: true, when its money isn't kept here"
        raise BadInput("credit_limit", None, way_out)


def standing_columns(
    standing: Mapping[str, Any], currency: str, money: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the operator says of a client, as columns; `money` are the rules agreed with it before.

    `credit_limit` or `pays_outside`, `regions` (US states; None or none: everywhere), `agreement`.

    Raises
    ------
    BadInput
        Naming the first value that cannot be kept.
    """
    columns = {name: value for name, value in standing.items() if name not in ("credit_limit", "pays_outside")}
    columns |= way_of_paying(money, standing, currency)
    if "regions" in columns:
        columns["regions"] = _checked_regions(columns["regions"])
    if columns.get("agreement") is not None:
        columns["agreement"] = _checked_agreement(columns["agreement"])
    return columns


def _checked_regions(regions: Sequence[str] | None) -> list[str] | None:
    for num, region in enumerate(regions or ()):
        if region not in REGIONS:
            raise BadInput(f"regions[{num}]", region, "give the two letters of a US state, such as TX, or of DC or PR")
    return sorted(set(regions)) if regions else None


def _checked_agreement(agreement: Mapping[str, Any]) -> dict[str, Any]:
    """Which text was accepted (its version and hash), when, and for whom by name."""
    digest = str(agreement["sha256"])
    if not _DIGEST.fullmatch(digest):
        raise BadInput("agreement.sha256", digest, "give the SHA-256 of the accepted text as 64 hex digits")
    return {
        "version": checked_code("agreement.version", agreement["version"]),
        "sha256": digest,
        "accepted_by": checked_text("agreement.accepted_by", agreement["accepted_by"]),
        "accepted_at": agreement["accepted_at"].astimezone(UTC).isoformat(),
    }


def set_policy(
    session: Session,
    actor: Actor,
    client_id: UUID,
    policy: Mapping[str, Any] | None = None,
    day_policy: Mapping[str, Any] | None = None,
    *,
    now: datetime,
) -> None:
    """Replace the client's policy, its day policy, or both; jobs already posted keep theirs.

    Raises
    ------
    BadInput
        A setting is unknown or out of its limits.
    NotFound, Refused
        The client is not the actor's; the actor is not its admin.
    """
    only(actor, "client_admin", "operator", doing="setting the policy")
    own_client(session, actor, client_id)
    values: dict[str, Any] = {}
    if policy is not None:
        values["policy"] = _checked_policy(policy)
    if day_policy is not None:
        values["day_policy"] = _checked_day_policy(day_policy)
        check_ladder(session, client_id, DayPolicy.from_document(day_policy))
    if not values:
        return
    session.execute(update(ClientRow).where(ClientRow.id == client_id).values(values))
    data: dict[str, Any] = {"fields": sorted(values)}
    if policy is not None:
        data["policy_version"] = Policy.from_document(values["policy"]).version
    record(session, actor, ("client", client_id), "policy_set", data, client_id=client_id, now=now)


def add_staff(
    session: Session, actor: Actor, client_id: UUID | None, role: str, name: str, email: str, *, now: datetime
) -> UUID:
    """A person who works for a client, or, with role `operator` and no client, for the network.

    Raises
    ------
    BadInput
        The role, name or address cannot be kept, or the address is known there.
    NotFound, Refused
        The client is not the actor's; the actor is neither its admin nor the operator.
    """
    only(actor, *(("operator",) if client_id is None else ("client_admin", "operator")), doing="adding staff")
    if role not in STAFF_ROLES or (role == "operator") != (client_id is None):
        raise BadInput("role", role, "give client_admin, requester or dispatcher with a client; operator without one")
    if client_id is not None:
        own_client(session, actor, client_id)
    staff_id: UUID | None = session.scalar(
        pg_insert(StaffRow)
        .values(
            id=new_id(),
            client_id=client_id,
            role=role,
            name=checked_text("name", name),
            email=checked_email("email", email),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["client_id", "email"])
        .returning(StaffRow.id)
    )
    if staff_id is None:
        raise BadInput("email", email, "use an address that nobody else has there")
    _record_staff(session, actor, client_id, staff_id, "staff_added", now)
    return staff_id


def check_ladder(session: Session, client_id: UUID, policy: DayPolicy) -> None:
    """Whom an alarm climbs to by name must be the client's, and there.

    Raises
    ------
    BadInput
        Naming the first who is not.
    """
    named = {step.whom.removeprefix("staff:") for step in policy.escalation.steps if step.whom.startswith("staff:")}
    if named:
        there = select(StaffRow.id).where(StaffRow.client_id == client_id, StaffRow.left_at.is_(None))
        if unknown := named - {str(each) for each in session.scalars(there)}:
            where = "day_policy.escalation.steps"
            raise BadInput(
                where, f"staff:{min(unknown)}", "name somebody of your staff (GET /v1/staff) who has not left"
            )


def _record_staff(
    session: Session, actor: Actor, client_id: UUID | None, staff_id: UUID, kind: str, now: datetime
) -> None:
    subject = NETWORK if client_id is None else ("client", client_id)
    record(session, actor, subject, kind, {"staff": str(staff_id)}, client_id=client_id, now=now)


def _checked_day_policy(day_policy: Mapping[str, Any]) -> dict[str, Any]:
    try:
        DayPolicy.from_document(day_policy)
    except PolicyError as error:
        raise BadInput("day_policy", dict(day_policy), str(error)) from error
    return dict(day_policy)


def _checked_policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    try:
        Policy.from_document(dict(policy))
    except PolicyError as error:
        raise BadInput("policy", dict(policy), str(error)) from error
    return dict(policy)
