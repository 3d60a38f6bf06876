"""A service department says what it wants done: the job is recorded, and due to be offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.budgeting import check_price, named_budget, reason_of
from dispatch.jobs.checklists import Item, checklist_for
from dispatch.jobs.cleared import Cleared, Owner, check_kinds, put_cleared
from dispatch.jobs.lifecycle import JOB, move
from dispatch.jobs.promises import promise_columns
from dispatch.jobs.reading import needs_document, read_day_policy
from dispatch.jobs.rounds import open_round
from dispatch.record.events import record
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import (
    BundleRow,
    ClientRow,
    CredentialKindRow,
    JobRow,
    PoolRow,
    RoundRow,
    SiteRow,
    SkillRow,
    SlotRow,
    TermsRow,
    VisitRow,
    new_id,
)
from dispatch.talent.clients import check_ladder
from geo.places import find_place
from matching.daypolicy import DayPolicy
from matching.errors import PolicyError
from matching.job import AskedTime, Needs, Pay
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


def post_job(
    session: Session,
    actor: Actor,
    wish: JobWish,
    *,
    now: datetime,
    origin: Mapping[str, str] | None = None,
    ring: KeyRing = NO_KEYS,
) -> tuple[UUID, bool]:
    """Record a job and open its rounds: (its id, whether it is new). Posting a number again returns the same job.

    Runs as the application, under the client's setting. `wish` holds at least one slot. `origin` says in the event
    where the job comes from: `copied_from`, `template`, `series`. `ring` seals what only the cleared may read.

    Raises
    ------
    BadInput
        When the site, a pool, a skill or a kind of credential is not known, the window has passed or is too short,
        or the policy is out of its limits.
    Conflict
        When the number is that of a job with another site.
    Refused
        When the client is not approved, does not operate where the site is, or the budget does not suffice.
    MissingService
        When there are cleared texts, and no key to seal them with.
    """
    assert actor.client_id is not None, "jobs are posted for a client"
    policy, day_policy, promise = _check(session, actor, wish, now)
    budget = named_budget(session, actor.client_id, wish.budget)
    job_id = session.scalar(
        pg_insert(JobRow)
        .values(
            id=new_id(),
            client_id=actor.client_id,
            site_id=wish.site_id,
            bundle_id=wish.bundle_id,
            series_id=wish.series_id,
            series_day=wish.series_day,
            number=wish.number,
            purchase_order=wish.purchase_order,
            project=wish.project,
            budget_id=None if budget is None else budget.id,
            over_budget=reason_of(actor, budget, wish.budget_reason, now),
            job_type=wish.job_type,
            title=wish.title,
            description=wish.description,
            state="draft" if wish.is_draft else "open",
            mode=policy.mode,
            priority=wish.priority,
            policy=policy.to_document(),
            day_policy=day_policy.to_document(),
            disclosure=disclosure_of(wish.disclosure, wish.cleared),
            deliverables=checklist_for(session, actor.client_id, wish.job_type, wish.deliverables),
            posted_at=None if wish.is_draft else now,
            created_at=now,
            **({} if wish.is_draft else promise),
        )
        .on_conflict_do_nothing(index_elements=["client_id", "number"])
        .returning(JobRow.id)
    )
    if job_id is None:
        return _same_job(session, actor, wish), False
    visit_id = _add_visit(session, actor.client_id, job_id, wish, now)
    record_terms(session, actor.client_id, job_id, 1, now)
    if budget is not None:
        check_price(session, actor, job_id)
    if wish.cleared is not None:
        put_cleared(session, Owner("job", job_id, actor.client_id), wish.cleared, ring, now=now)
    told = {"visit": str(visit_id), **(origin or {}), **told_of_cleared(wish.cleared)}
    if budget is not None:
        told["budget"] = str(budget.id)
    kind = "drafted" if wish.is_draft else "posted"
    record(session, actor, ("job", job_id), kind, told, client_id=actor.client_id, now=now)
    if not wish.is_draft:
        open_rounds(session, actor.client_id, job_id, "posted", now=now)
    return job_id, True


def disclosure_of(chosen: Mapping[str, str], cleared: Cleared | None) -> dict[str, Any]:
    """What a job keeps of who reads what: the classes that were chosen, and what it takes to read the cleared texts."""
    return {**chosen, **({"cleared_for": sorted(set(cleared.kinds))} if cleared else {})}


def told_of_cleared(cleared: Cleared | None) -> dict[str, list[str]]:
    """What an event says of cleared texts: their names."""
    return {"cleared": sorted(cleared.texts)} if cleared else {}


def publish_draft(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """Post a draft.

    Raises
    ------
    Conflict
        When it is no draft any more.
    Refused
        As `post_job`.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id).with_for_update()).one()
    job.state = move(JOB, job.state, "post")
    job.posted_at = now
    job.version += 1
    site = session.scalars(select(SiteRow).where(SiteRow.id == job.site_id)).one()
    check_may_post(session, job.client_id, site)
    session.flush()
    check_price(session, actor, job_id)
    for name, value in promise_columns(site, read_day_policy(job), job.priority, now).items():
        setattr(job, name, value)
    record(session, actor, ("job", job_id), "posted", client_id=job.client_id, now=now)
    open_rounds(session, job.client_id, job_id, "posted", now=now)


def open_rounds(session: Session, client_id: UUID, job_id: UUID, why: str, *, now: datetime) -> None:
    """A round for each role of the job that has an open slot and none yet, due at once."""
    is_asked = select(RoundRow.id).where(
        RoundRow.visit_id == SlotRow.visit_id, RoundRow.role == SlotRow.role, RoundRow.closed_at.is_(None)
    )
    roles = session.execute(
        select(SlotRow.visit_id, SlotRow.role)
        .where(SlotRow.job_id == job_id, SlotRow.state == "open", ~is_asked.exists())
        .distinct()
    )
    for visit_id, role in roles.all():
        open_round(session, client_id, job_id, visit_id, role, why, now=now)


def record_terms(session: Session, client_id: UUID, job_id: UUID, version: int, now: datetime) -> None:
    """Keep what is offered under this version: windows, needs, pay, rates, rules of cancellation, as they stand."""
    session.flush()
    rows = session.execute(
        select(VisitRow, SlotRow, JobRow.day_policy)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .where(VisitRow.job_id == job_id)
    ).all()
    slots = [
        {
            "slot": str(slot.id),
            "role": slot.role,
            "is_observer": slot.is_observer,
            "pay_kind": slot.pay_kind,
            "pay_amount": str(slot.pay_amount),
            "currency": slot.currency,
            "needs": slot.needs,
            "visit": visit.num,
            "start_at": visit.window_start_at.isoformat(),
            "end_at": visit.window_end_at.isoformat(),
            "duration_min": visit.duration_min,
        }
        for visit, slot, _ in sorted(rows, key=lambda row: (row[0].num, row[1].num))
    ]
    day_policy = rows[0][2]
    money = session.get_one(ClientRow, client_id).money
    terms = {"slots": slots, "cancellation": day_policy.get("cancellation", {}), "rates": day_policy.get("rates", {})}
    if money is not None:
        # The rest of the rules is between the client and the operator.
        terms["money"] = {name: money[name] for name in ("fee_share", "pay_after_days")}
    session.execute(
        insert(TermsRow).values(job_id=job_id, version=version, client_id=client_id, terms=terms, since=now)
    )


def make_bundle(session: Session, actor: Actor, name: str, *, now: datetime) -> UUID:
    """A new bundle: jobs posted with its id are taken together or not at all.

    Raises
    ------
    BadInput
        When the client has a bundle of this name.
    """
    bundle_id: UUID | None = session.scalar(
        pg_insert(BundleRow)
        .values(id=new_id(), client_id=actor.client_id, name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["client_id", "name"])
        .returning(BundleRow.id)
    )
    if bundle_id is None:
        raise BadInput("name", name, "use a name that none of your bundles has")
    return bundle_id


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


def _check(session: Session, actor: Actor, wish: JobWish, now: datetime) -> tuple[Policy, DayPolicy, dict[str, Any]]:
    if wish.end_at <= now:
        raise BadInput("window.end_at", wish.end_at.isoformat(), "choose a time that has not passed")
    site = session.scalars(select(SiteRow).where(SiteRow.id == wish.site_id)).one_or_none()
    if site is None:
        raise BadInput("site_id", wish.site_id, "name one of your sites (GET /v1/sites), or add it first")
    assert actor.client_id is not None
    check_may_post(session, actor.client_id, site)
    policy, day_policy = check_work(session, actor, wish)
    return policy, day_policy, promise_columns(site, day_policy, wish.priority, now)


def check_may_post(session: Session, client_id: UUID, site: SiteRow) -> None:
    """Whether the client is approved and operates at this site, by its ZIP code's state where that is known.

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


def check_work(session: Session, actor: Actor, wish: JobWish) -> tuple[Policy, DayPolicy]:
    """Whether the work of a wish can be asked for at all, whatever its number, site and time: its policies.

    Raises
    ------
    BadInput
        As `post_job`.
    """
    client = session.get_one(ClientRow, actor.client_id)
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
    if all(slot.is_observer for slot in slots):
        raise BadInput("slots", roles, "ask for somebody who does the work: observers only look")
    leads = [num for num, slot in enumerate(slots) if slot.is_lead]
    if len(leads) > 1:
        raise BadInput(f"slots[{leads[1]}].is_lead", True, "let one role lead: a visit has one lead")
    if leads and slots[leads[0]].is_observer:
        raise BadInput(f"slots[{leads[0]}].is_lead", True, "let a role lead that does the work: observers only look")


def _leading(slots: Sequence[SlotWish]) -> int:
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
    return policy, day_policy


def _add_visit(session: Session, client_id: UUID, job_id: UUID, wish: JobWish, now: datetime) -> UUID:
    visit_id = new_id()
    session.execute(
        insert(VisitRow).values(
            id=visit_id,
            client_id=client_id,
            job_id=job_id,
            asked_time=wish.asked_time,
            window_start_at=wish.start_at,
            window_end_at=wish.end_at,
            duration_min=wish.duration_min,
            created_at=now,
        )
    )
    slots = [slot for slot in wish.slots for _ in range(slot.count)]
    leading = _leading(slots)
    session.execute(
        insert(SlotRow),
        [
            {
                "id": new_id(),
                "client_id": client_id,
                "job_id": job_id,
                "visit_id": visit_id,
                "num": num + 1,
                "role": slot.role,
                "is_lead": num == leading,
                "is_observer": slot.is_observer,
                "needs": needs_document(slot.needs),
                "pay_kind": slot.pay.kind,
                "pay_amount": slot.pay.amount,
                "currency": slot.pay.currency,
            }
            for num, slot in enumerate(slots)
        ],
    )
    return visit_id


def _same_job(session: Session, actor: Actor, wish: JobWish) -> UUID:
    job = session.scalars(select(JobRow).where(JobRow.client_id == actor.client_id, JobRow.number == wish.number)).one()
    if job.site_id != wish.site_id:
        raise Conflict(job.state, f"post number {wish.number!r} for another site", ("use a number of its own",))
    return job.id
