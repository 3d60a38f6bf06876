"""What may be asked for? A wish is judged before anything is recorded: the client, the crew, the needs, the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Refused
from dispatch.jobs.checklists import Item
from dispatch.jobs.cleared import Cleared, check_kinds
from dispatch.jobs.devices import check_one, counted
from dispatch.record.tables import ClientRow, CredentialKindRow, PoolRow, SiteRow, SkillRow
from dispatch.talent.clients import check_ladder
from geo.places import find_place
from matching.currencies import why_refused
from matching.daypolicy import DayPolicy
from matching.errors import PolicyError
from matching.job import AskedTime, Needs, Pay
from matching.pay import is_by_device
from matching.policy import Policy


@dataclass(frozen=True, slots=True)
class SlotWish:
    """`count` technicians of one role, alike in needs and pay.

    `is_lead`: one of them leads the visit; None: they may, if no other role does. Observers only look.
    """

    needs: Needs
    pay: Pay
    role: str = "technician"
    count: int = 1
    is_lead: bool | None = None
    is_observer: bool = False


@dataclass(frozen=True, slots=True)
class JobWish:
    """What a service department asks for. Times are aware; `number` is the client's own, unique for the client."""

    number: str
    site_id: UUID
    title: str
    job_type: str
    start_at: datetime
    end_at: datetime
    duration_min: int
    slots: tuple[SlotWish, ...]
    asked_time: AskedTime = "window"
    description: str = ""
    purchase_order: str | None = None
    project: str | None = None
    budget: str | None = None
    budget_reason: str | None = None
    priority: int = 3
    mode: str | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    day_policy: dict[str, Any] = field(default_factory=dict)
    deliverables: tuple[Item, ...] | None = None
    bundle_id: UUID | None = None
    is_draft: bool = False
    disclosure: dict[str, str] = field(default_factory=dict)
    cleared: Cleared | None = None
    series_id: UUID | None = None
    series_day: date | None = None


def find_posting_client(session: Session, client_id: UUID, site: SiteRow) -> ClientRow:
    """The client, who is approved and operates at this site, by its ZIP code's state where that is known.

    Its row stays shared until the job is written: a suspension comes before or after. The database guards both once
    more (`jobs_of_approved`), whoever writes a job.

    Raises
    ------
    Refused
        With the way out in words.
    """
    client = session.scalars(
        select(ClientRow)
        .where(ClientRow.id == client_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    if client.state != "approved":
        words = f"your company is {client.state}, not approved: ask the operator of the network what is needed"
        raise Refused(words, (f"client_{client.state}",))
    place = find_place(site.postcode) if site.country == "US" else None
    regions = {site.region.upper(), place.region if place else site.region.upper()}
    if client.regions is not None and (site.country != "US" or not regions <= set(client.regions)):
        where = f"{', '.join(sorted(regions))} ({site.country})"
        known = ", ".join(client.regions)
        raise Refused(
            f"your company posts in {known}, and store {site.store_number} is in {where}: choose another site,"
            " or ask the operator to add the state",
            ("client_region",),
        )
    return client


def check_work(session: Session, client: ClientRow, wish: JobWish) -> tuple[Policy, DayPolicy]:
    """Whether the work of a wish can be asked for at all, whatever its number, site and time: its policies.

    Raises
    ------
    BadInput
        As `dispatch.jobs.posting.post_job`.
    """
    _check_crew(wish.slots)
    for num, slot in enumerate(wish.slots):
        check_needs(session, slot.needs, f"slots[{num}].needs")
    settings = {**client.policy, **wish.policy} | ({"mode": wish.mode} if wish.mode else {})
    policy, day_policy = _policies(client, wish, settings)
    if policy.uses_market and client.policy.get("uses_market") is False:
        raise BadInput("policy.uses_market", True, "leave it out: your company asks only whom it admitted itself")
    check_ladder(session, client.id, day_policy)
    check_kinds(session, wish.cleared)
    if wish.bundle_id is not None:
        check_bundled_mode(policy)
        if sum(slot.count for slot in wish.slots if not slot.is_observer) > 1:
            raise BadInput("slots", "several places", "ask for one person: one person takes a bundle whole")
    return policy, day_policy


def check_bundled_mode(policy: Policy) -> None:
    """A job of a bundle waits for a yes to all of it: it is not given away by itself.

    Raises
    ------
    BadInput
        In mode `auto`.
    """
    if policy.mode == "auto":
        raise BadInput("mode", policy.mode, "use first or manual for a job of a bundle: a bundle waits for a yes")


def _check_crew(slots: Sequence[SlotWish]) -> None:
    roles = [slot.role for slot in slots]
    if len(set(roles)) < len(roles):
        raise BadInput("slots", roles, "give each role once, with a count")
    if len({slot.pay.currency for slot in slots}) > 1:
        raise BadInput("slots", "several currencies", "pay all slots of a job in one currency")
    for num, slot in enumerate(slots):
        if (way_out := why_refused(slot.pay.currency)) is not None:
            raise BadInput(f"slots[{num}].pay.currency", slot.pay.currency, way_out)
    if all(slot.is_observer for slot in slots):
        raise BadInput("slots", roles, "ask for somebody who does the work: observers only look")
    leads = [num for num, slot in enumerate(slots) if slot.is_lead]
    if len(leads) > 1:
        raise BadInput(f"slots[{leads[1]}].is_lead", True, "let one role lead: a visit has one lead")
    if leads and slots[leads[0]].is_observer:
        raise BadInput(f"slots[{leads[0]}].is_lead", True, "let a role lead that does the work: observers only look")


def leading_slot(slots: Sequence[SlotWish]) -> int:
    """Which of a visit's slots leads: the first of the role that says so, else the first that works."""
    return min(range(len(slots)), key=lambda num: (slots[num].is_observer, not slots[num].is_lead, num))


def _policies(client: ClientRow, wish: JobWish, settings: dict[str, Any]) -> tuple[Policy, DayPolicy]:
    try:
        policy = Policy.from_document(settings)
    except PolicyError as error:
        raise BadInput("policy", wish.policy, str(error)) from error
    try:
        day_policy = DayPolicy.from_document(client.day_policy, wish.day_policy)
    except PolicyError as error:
        raise BadInput("day_policy", wish.day_policy, str(error)) from error
    fees, currency = day_policy.cancellation, wish.slots[0].pay.currency
    if fees.names_sums and fees.currency != currency:
        raise BadInput("day_policy.cancellation.currency", fees.currency, f"state the fees of this job in {currency}")
    by_device = [slot for slot in wish.slots if is_by_device(slot.pay, day_policy.rates) and slot.pay.amount]
    check_one(sum(slot.count for slot in by_device), "slots")
    rates = counted(day_policy.rates, [slot.pay for slot in wish.slots])
    return policy, replace(day_policy, rates=rates)


def check_needs(session: Session, needs: Needs, where: str) -> None:
    """Everything that is needed must exist: a skill nobody could ever have leaves a job unfilled for ever.

    Raises
    ------
    BadInput
        Naming the first code or pool that is not known; another client's pool is not known either.
    """
    for column, wanted, noun in (
        (SkillRow.code, set(needs.skills), "skills"),
        (CredentialKindRow.code, set(needs.credentials), "credentials"),
        (PoolRow.id, set(needs.pools), "pools"),
    ):
        known = set(session.scalars(select(column).where(column.in_(wanted)))) if wanted else set()
        unknown: set[Any] = wanted - known
        if unknown:
            raise BadInput(f"{where}.{noun}", min(map(str, unknown)), f"name one of /v1/{noun}")
    if not needs.market and not needs.pools:
        raise BadInput(f"{where}.pools", "[]", "name a pool, or set market to true: else nobody may be asked")
