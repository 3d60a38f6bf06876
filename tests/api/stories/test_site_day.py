"""Several jobs of one store on one day: suggested, bundled, offered together, taken whole."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from racing import race
from soundness import assert_sound
from sqlalchemy import select
from worlds import ZONE

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.acceptance import Lost, Won, accept_all, accept_offer
from dispatch.jobs.bundling import bundle_jobs, dissolve_bundle
from dispatch.record.tables import BundleRow, JobRow, OfferRow, RoundRow

HOUR = {"duration_min": 60}


def _suggested(town, **more):
    day = town.world.start.astimezone(ZoneInfo(ZONE)).date().isoformat()
    answer = town.staff.get("/v1/bundles/suggestions", params={"day": day, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def _bundled(town, *jobs, name="One day", **more):
    body = {"name": name, "job_ids": [job if isinstance(job, str) else job["id"] for job in jobs]}
    return town.staff.post("/v1/bundles", body | more)


def test_three_jobs_at_one_store_are_suggested_bundled_and_taken_whole_by_one(story):
    town = story.town
    jobs = [town.posted(**HOUR) for _ in range(3)]
    alone = town.posted(duration_min=240)
    town.world.send_waves()
    before = town.world.offers()
    (suggestion,) = _suggested(town)
    assert {each["id"] for each in suggestion["jobs"]} == {each["id"] for each in jobs}
    assert (suggestion["total_min"], suggestion["span_km"]) == (180, 0)
    made = _bundled(town, *(each["id"] for each in suggestion["jobs"]))
    assert (made.status_code, made.json()["num_jobs"]) == (201, 3)
    assert _suggested(town) == []
    told = story.told("job", "terms_changed")
    assert {each["bundle"] for each in told} == {made.json()["id"]}
    withdrawn = {offer for each in told for offer in each["offers_withdrawn"]}
    assert withdrawn == {str(each.id) for each in before if str(each.job_id) != alone["id"]}
    town.world.send_waves()
    fresh = [each for each in town.world.offers() if each.state == "sent" and str(each.job_id) != alone["id"]]
    assert {each.terms_version for each in fresh} == {2}
    mine = [each for each in fresh if each.technician_id == fresh[0].technician_id]
    assert {str(each.job_id) for each in mine} == {each["id"] for each in jobs}
    by_hours = zip(mine, range(3), strict=True)
    yes = [
        {
            "offer_id": str(each.id),
            "terms_version": 2,
            "start_at": (town.world.start + timedelta(hours=num)).isoformat(),
        }
        for each, num in by_hours
    ]
    who = town.by_id(mine[0].technician_id)
    taken = who.post(f"/v1/bundles/{made.json()['id']}/accept", {"offers": yes})
    assert taken.status_code == 200, taken.text
    assert [each["outcome"] for each in taken.json()["answers"]] == ["assigned"] * 3


def test_stores_close_by_are_suggested_together_when_asked_so(story):
    town = story.town
    near = town.staff.get(f"/v1/sites/{town.world.site}").json()
    other = story.another_site(lat=near["lat"] + 0.05, lng=near["lng"])
    town.posted(**HOUR), town.posted(site_id=other, **HOUR)
    assert _suggested(town) == []
    assert _suggested(town, within_km=5) == []
    (suggestion,) = _suggested(town, within_km=6)
    assert 5.5 < suggestion["span_km"] < 5.6
    for wrong in (
        {"within_km": 51},
        {"within_km": -1},
        {"within_km": "nan"},
        {"day": "2027-02-30"},
        {"day": "9999-12-31"},
    ):
        assert town.staff.get("/v1/bundles/suggestions", params={"day": "2027-03-01"} | wrong).status_code == 422, wrong
    day = town.world.start.astimezone(ZoneInfo(ZONE)).date().isoformat()
    assert town.stranger.get(f"/v1/bundles/suggestions?day={day}&within_km=50").json()["items"] == []
    assert town.technician().get(f"/v1/bundles/suggestions?day={day}").status_code == 403


@pytest.mark.parametrize("spoiler", ["auto", "crew", "draft", "cancelled", "assigned", "bundled", "held"])
def test_a_job_that_cannot_be_bundled_is_named_and_nothing_changes(story, spoiler):
    town = story.town
    good = town.posted(**HOUR)
    crew = [{"role": "technician", "count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}]
    bad = {
        "auto": lambda: town.posted(mode="auto"),
        "crew": lambda: town.posted(slots=crew),
        "draft": lambda: town.posted(is_draft=True),
        "assigned": lambda: story.assigned().job,
    }.get(spoiler, town.posted)()
    if spoiler == "cancelled":
        assert town.staff.post(f"/v1/jobs/{bad['id']}/cancel", {"why": "duplicate"}).status_code == 200
    if spoiler == "held":
        assert town.staff.post(f"/v1/jobs/{bad['id']}/hold", {}).status_code == 200
    if spoiler == "bundled":
        assert _bundled(town, bad, town.posted(**HOUR), name="Earlier").status_code == 201
    refused = _bundled(town, good, bad)
    if spoiler in ("auto", "crew"):
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["path"] == "/job_ids/1"
    else:
        assert refused.status_code == 409
        assert bad["number"] in refused.text
    assert town.staff.get(f"/v1/jobs/{good['id']}").json()["bundle_id"] is None
    assert [each["name"] for each in town.staff.get("/v1/bundles").json()["items"]] in ([], ["Earlier"])


def test_wrong_bundles_are_refused(town):
    first, second = town.posted(**HOUR), town.posted(**HOUR)
    theirs = town.stranger.post("/v1/jobs", town.job_body(site_id=str(town.globex_site))).json()
    assert _bundled(town, first).status_code == 422
    assert _bundled(town, first, first).json()["errors"][0]["path"] == "/job_ids"
    assert _bundled(town, *([first] * 11)).status_code == 422
    assert _bundled(town, first, theirs).status_code == _bundled(town, first, str(uuid4())).status_code == 404
    made = _bundled(town, first, second).json()
    assert _bundled(town, first, second).status_code == 409
    crew = [{"count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}]
    for wrong, path in (({"mode": "auto"}, "/mode"), ({"slots": crew}, "/slots")):
        refused = town.staff.post("/v1/jobs", town.job_body(bundle_id=made["id"], **wrong))
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)
    read = town.staff.get(f"/v1/jobs/{first['id']}")
    changed = town.staff.patch(f"/v1/jobs/{first['id']}", {"mode": "auto"}, read.headers["ETag"])
    assert (changed.status_code, changed.json()["errors"][0]["path"]) == (422, "/mode")


def test_a_bundle_that_nobody_took_is_taken_apart_and_each_job_is_offered_alone(story):
    town = story.town
    jobs = [town.posted(**HOUR) for _ in range(3)]
    made = _bundled(town, *jobs).json()
    assert town.staff.post(f"/v1/jobs/{jobs[2]['id']}/cancel", {"why": "duplicate"}).status_code == 200
    town.world.send_waves()
    together = [each for each in town.world.offers() if each.state == "sent"]
    url = f"/v1/bundles/{made['id']}/dissolve"
    assert town.stranger.post(url).status_code == 404
    apart = town.staff.post(url)
    assert (apart.status_code, apart.json()["num_jobs"]) == (200, 1)
    town.world.send_waves()
    alone = [each for each in town.world.offers() if each.state == "sent"]
    assert not {each.id for each in together} & {each.id for each in alone}
    yes = next(each for each in alone if str(each.job_id) == jobs[0]["id"])
    taken = town.by_id(yes.technician_id).post(f"/v1/offers/{yes.id}/accept", {"terms_version": yes.terms_version})
    assert taken.status_code == 200, taken.text
    again = _bundled(town, jobs[1], town.posted(**HOUR), name="Once more")
    assert again.status_code == 201, again.text


def test_taking_a_bundle_apart_and_a_yes_to_it_at_once_leave_no_half(town):
    world = town.world
    for num in range(6):
        jobs = [UUID(town.posted(**HOUR, **_on_day(town, num))["id"]) for _ in range(2)]
        bundle = UUID(_bundled(town, *map(str, jobs), name=f"Race {num}").json()["id"])
        world.send_waves()
        first = world.offers(jobs[0])[0]
        mine = [each for job in jobs for each in world.offers(job) if each.technician_id == first.technician_id]
        said = [
            replace(world.yes(each), start_at=each_at)
            for each, each_at in zip(mine, (_at(town, num, 0), _at(town, num, 2)), strict=True)
        ]

        def dissolving(bundle=bundle):
            with world.as_engine() as (session, now):
                return dissolve_bundle(session, world.staff, bundle, now=now)

        def accepting(mine=mine, said=said):
            with world.as_engine() as (session, now):
                return accept_all(session, world.actor_of(mine[0]), said, now=now)

        num_taken_apart, answers = race([dissolving, accepting] if num % 2 else [accepting, dissolving])[
            :: 1 if num % 2 else -1
        ]
        with world.as_engine() as (session, _):
            states = [session.scalars(select(OfferRow.state).where(OfferRow.id == each.id)).one() for each in mine]
            bundles = set(session.scalars(select(JobRow.bundle_id).where(JobRow.id.in_(jobs))))
        if num_taken_apart == 2:
            assert (states, bundles) == (["withdrawn"] * 2, {None})
        else:
            assert isinstance(num_taken_apart, Conflict)
            assert all(isinstance(each, Won) for each in answers)
            assert (states, bundles) == (["accepted"] * 2, {bundle})
    assert_sound(world)


def test_bundling_and_a_yes_at_once_leave_no_half(town):
    world = town.world
    for num in range(6):
        jobs = [UUID(town.posted(**HOUR, **_on_day(town, num))["id"]) for _ in range(2)]
        world.send_waves()
        offer = world.offers(jobs[0])[0]

        def bundling(name=f"Race {num}", jobs=jobs):
            with world.as_engine() as (session, now):
                return bundle_jobs(session, world.staff, name, jobs, now=now)

        def accepting(offer=offer):
            with world.as_engine() as (session, now):
                return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)

        made, answer = race([bundling, accepting] if num % 2 else [accepting, bundling])[:: 1 if num % 2 else -1]
        with world.as_engine() as (session, _):
            bundles = set(session.scalars(select(JobRow.bundle_id).where(JobRow.id.in_(jobs))))
            live = session.scalars(select(OfferRow.state).where(OfferRow.id == offer.id)).one()
        if isinstance(made, UUID):
            assert isinstance(answer, Lost | BadInput)
            assert (bundles, live) == ({made}, "withdrawn")
        else:
            assert isinstance(made, Conflict)
            assert isinstance(answer, Won)
            assert (bundles, live) == ({None}, "accepted")
    assert_sound(world)


def test_two_bundlings_of_one_job_at_once_make_one(town):
    world = town.world
    for num in range(4):
        first, shared, last = (UUID(town.posted(**HOUR)["id"]) for _ in range(3))

        def bundling(name, jobs):
            def call():
                with world.as_engine() as (session, now):
                    return bundle_jobs(session, world.staff, name, jobs, now=now)

            return call

        answers = race([bundling(f"A {num}", [first, shared]), bundling(f"B {num}", [last, shared])])
        (made,) = [each for each in answers if isinstance(each, UUID)]
        assert sum(isinstance(each, Conflict) for each in answers) == 1
        with world.as_engine() as (session, _):
            assert session.scalars(select(JobRow.bundle_id).where(JobRow.id == shared)).one() == made
            assert len(session.scalars(select(JobRow.id).where(JobRow.bundle_id == made)).all()) == 2
            rounds = select(RoundRow.id).where(RoundRow.job_id == shared, RoundRow.closed_at.is_(None))
            assert len(session.scalars(rounds).all()) == 1
            assert len(session.scalars(select(BundleRow.id)).all()) == num + 1
    assert_sound(world)


def _at(town, num, hour):
    return town.world.start + timedelta(days=num, hours=hour)


def _on_day(town, num):
    start = town.world.start + timedelta(days=num)
    return {"window": {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}}
