"""A service department says what it wants done: the job is recorded, and due to be offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.budgeting import check_price, named_budget, reason_of
from dispatch.jobs.checklists import checklist_for
from dispatch.jobs.cleared import Cleared, Owner, put_cleared
from dispatch.jobs.devices import with_serials
from dispatch.jobs.lifecycle import JOB, move
from dispatch.jobs.promises import promise_columns
from dispatch.jobs.reading import needs_document, read_day_policy
from dispatch.jobs.rounds import open_rounds
from dispatch.jobs.terms import record_terms
from dispatch.jobs.wishes import JobWish, check_work, find_posting_client, leading_slot
from dispatch.record.events import record
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, JobRow, SiteRow, SlotRow, VisitRow, new_id
from matching.daypolicy import DayPolicy
from matching.policy import Policy


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a wish came to: who asks, under which rules, and what is promised for it."""

    client: ClientRow
    policy: Policy
    day_policy: DayPolicy
    promise: Mapping[str, Any]


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
    checked = _check(session, actor.client_id, wish, now)
    budget = named_budget(session, actor.client_id, wish.budget)
    money = {
        "purchase_order": wish.purchase_order,
        "project": wish.project,
        "budget_id": None if budget is None else budget.id,
        "over_budget": reason_of(actor, budget, wish.budget_reason, now),
    }
    job_id = _add_job(session, checked, wish, money, now)
    if job_id is None:
        return _same_job(session, actor, wish), False
    visit_id = _add_visit(session, actor.client_id, job_id, wish, now)
    record_terms(session, actor.client_id, job_id, 1, now)
    told = {"visit": str(visit_id), **(origin or {}), **told_of_cleared(wish.cleared)}
    if budget is not None:
        check_price(session, actor, job_id)
        told["budget"] = str(budget.id)
    if wish.cleared is not None:
        put_cleared(session, Owner("job", job_id, actor.client_id), wish.cleared, ring, now=now)
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
    find_posting_client(session, job.client_id, site)
    session.flush()
    check_price(session, actor, job_id)
    for name, value in promise_columns(site, read_day_policy(job), job.priority, now).items():
        setattr(job, name, value)
    record(session, actor, ("job", job_id), "posted", client_id=job.client_id, now=now)
    open_rounds(session, job.client_id, job_id, "posted", now=now)


def _check(session: Session, client_id: UUID, wish: JobWish, now: datetime) -> _Checked:
    if wish.end_at <= now:
        raise BadInput("window.end_at", wish.end_at.isoformat(), "choose a time that has not passed")
    site = session.scalars(select(SiteRow).where(SiteRow.id == wish.site_id)).one_or_none()
    if site is None:
        raise BadInput("site_id", wish.site_id, "name one of your sites (GET /v1/sites), or add it first")
    client = find_posting_client(session, client_id, site)
    policy, day_policy = check_work(session, client, wish)
    return _Checked(client, policy, day_policy, promise_columns(site, day_policy, wish.priority, now))


def _add_job(
    session: Session, checked: _Checked, wish: JobWish, money: Mapping[str, Any], now: datetime
) -> UUID | None:
    """None: the client has a job of this number."""
    job_id: UUID | None = session.scalar(
        pg_insert(JobRow)
        .values(
            id=new_id(),
            client_id=checked.client.id,
            site_id=wish.site_id,
            bundle_id=wish.bundle_id,
            series_id=wish.series_id,
            series_day=wish.series_day,
            number=wish.number,
            job_type=wish.job_type,
            title=wish.title,
            description=wish.description,
            state="draft" if wish.is_draft else "open",
            mode=checked.policy.mode,
            priority=wish.priority,
            policy=checked.policy.to_document(),
            day_policy=checked.day_policy.to_document(),
            disclosure=disclosure_of(wish.disclosure, wish.cleared),
            deliverables=with_serials(
                checklist_for(session, checked.client.id, wish.job_type, wish.deliverables),
                checked.day_policy.rates,
                [slot.pay for slot in wish.slots],
            ),
            posted_at=None if wish.is_draft else now,
            created_at=now,
            **money,
            **({} if wish.is_draft else checked.promise),
        )
        .on_conflict_do_nothing(index_elements=["client_id", "number"])
        .returning(JobRow.id)
    )
    return job_id


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
    leading = leading_slot(slots)
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
