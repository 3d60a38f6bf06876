"""A posted job is recorded whole, once, and due to be offered; what nobody could use is refused and changes nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from worlds import World

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.bundling import make_bundle
from dispatch.jobs.posting import post_job, publish_draft
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.record.tables import EventRow, JobRow, RoundRow, SlotRow, TermsRow, VisitRow, new_id
from matching.job import Needs, Pay

PAY = Pay("fixed", Decimal(140), "USD")


def wish(world: World, **parts: Any) -> JobWish:
    values: dict[str, Any] = {
        "number": "WO-1",
        "site_id": world.site,
        "title": "Replace drive",
        "job_type": "hardware",
        "start_at": world.start,
        "end_at": world.start + timedelta(hours=4),
        "duration_min": 60,
        "slots": (SlotWish(Needs(skills={"hvac": 2}), PAY),),
    }
    return JobWish(**values | parts)


def num_rows(world: World) -> int:
    with world.as_engine() as (session, _):
        return sum(session.scalar(select(func.count()).select_from(row)) or 0 for row in (JobRow, VisitRow, SlotRow))


def test_a_posted_job_has_its_visit_its_slots_its_terms_and_a_round_that_is_due(world: World) -> None:
    roles = (SlotWish(Needs(), PAY, role="lead"), SlotWish(Needs(), PAY, role="helper", count=2, is_lead=False))
    with world.as_staff() as (session, now):
        job, is_new = post_job(session, world.staff, wish(world, slots=roles), now=now)
    assert is_new
    with world.as_engine() as (session, _):
        assert [(s.num, s.role) for s in session.scalars(select(SlotRow).order_by(SlotRow.num))] == [
            (1, "lead"),
            (2, "helper"),
            (3, "helper"),
        ]
        assert session.scalars(select(TermsRow.version)).all() == [1]
        rounds = session.scalars(select(RoundRow).order_by(RoundRow.role)).all()
        assert [(r.role, r.next_wave_at == r.opened_at) for r in rounds] == [("helper", True), ("lead", True)]
        assert session.scalars(select(EventRow.kind).where(EventRow.subject_id == job)).all() == ["posted"]


def test_posting_a_number_again_returns_the_same_job_and_changes_nothing(world: World) -> None:
    first = world.post(number="WO-7")
    before = num_rows(world)
    with world.as_staff() as (session, now):
        again, is_new = post_job(session, world.staff, wish(world, number="WO-7", title="Other words"), now=now)
    assert (again, is_new) == (first, False)
    assert num_rows(world) == before


def test_a_number_of_another_sites_job_is_a_conflict(world: World) -> None:
    world.post(number="WO-7")
    with world.as_engine() as (session, now):
        other = new_id()
        row = session.get_one(JobRow.site.property.mapper.class_, world.site)
        copy = {c.key: getattr(row, c.key) for c in row.__table__.columns if c.key not in ("point", "id")}
        session.add(type(row)(**copy | {"id": other, "store_number": "1148"}))
    with world.as_staff() as (session, now), pytest.raises(Conflict, match="WO-7"):
        post_job(session, world.staff, wish(world, number="WO-7", site_id=other), now=now)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"site_id": new_id()}, "site_id"),
        ({"slots": (SlotWish(Needs(skills={"telepathy": 1}), PAY),)}, "slots[0].needs.skills"),
        ({"slots": (SlotWish(Needs(credentials=("knighthood",)), PAY),)}, "slots[0].needs.credentials"),
        ({"slots": (SlotWish(Needs(pools=frozenset({new_id()})), PAY),)}, "slots[0].needs.pools"),
        ({"slots": (SlotWish(Needs(market=False), PAY),)}, "slots[0].needs.pools"),
        ({"slots": (SlotWish(Needs(), PAY), SlotWish(Needs(), PAY))}, "slots"),
        ({"policy": {"wave": {"target": 1.5}}}, "policy"),
        ({"policy": {"speed": "warp"}}, "policy"),
    ],
)
def test_what_nobody_could_use_is_refused_by_name_and_changes_nothing(
    world: World, parts: dict[str, Any], field: str
) -> None:
    before = num_rows(world)
    with pytest.raises(BadInput) as refused, world.as_staff() as (session, now):
        post_job(session, world.staff, wish(world, **parts), now=now)
    assert refused.value.field == field
    assert num_rows(world) == before


def test_a_window_that_has_passed_is_refused(world: World) -> None:
    past = world.start - timedelta(days=30)
    with world.as_staff() as (session, now), pytest.raises(BadInput, match="has not passed"):
        post_job(session, world.staff, wish(world, start_at=past, end_at=past + timedelta(hours=4)), now=now)


def test_a_draft_is_offered_only_once_it_is_published(world: World) -> None:
    job = world.post(is_draft=True)
    assert world.send_waves() == 0
    with world.as_staff() as (session, now):
        publish_draft(session, world.staff, job, now=now)
    assert world.send_waves() == 1
    assert world.offers(job)
    with world.as_staff() as (session, now), pytest.raises(Conflict, match="open"):
        publish_draft(session, world.staff, job, now=now)


def test_two_bundles_of_one_name_are_refused(world: World) -> None:
    with world.as_staff() as (session, now):
        make_bundle(session, world.staff, "North route", now=now)
        with pytest.raises(BadInput, match="North route"):
            make_bundle(session, world.staff, "North route", now=now)
