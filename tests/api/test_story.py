"""Why this one, why not another, what happened? Over HTTP, as the client's staff and as the operator."""

import time
from uuid import uuid4

import pytest

from dispatch.record.session import ENGINE
from dispatch.talent.marks import mark_technician


@pytest.fixture
def indexed(town):
    """The town, once the application's own index knows its eight technicians."""
    while len(town.app.state.parts.feed.roster) < 8:
        time.sleep(0.01)
    return town


def test_candidates_come_best_first_with_parts_that_add_up(indexed):
    job = indexed.posted()
    found = indexed.staff.get(f"/v1/jobs/{job['id']}/candidates?limit=5").json()
    assert found["num_may"] == 8
    assert [each["place"] for each in found["candidates"]] == [1, 2, 3, 4, 5]
    totals = [each["total"] for each in found["candidates"]]
    assert totals == sorted(totals, reverse=True)
    assert sum(found["candidates"][0]["parts"].values()) == pytest.approx(totals[0])
    assert found["candidates"][0]["technician"]["name"]
    assert found["candidates"][0]["technician"]["phone"] is None


def test_why_nobody_may_is_counted_and_a_way_on_is_shown(indexed):
    job = indexed.posted(slots=[{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "140.00"}}])
    found = indexed.staff.get(f"/v1/jobs/{job['id']}/candidates").json()
    assert found["num_may"] == 0
    assert found["reasons"] == [
        {
            "code": "level",
            "words": "has the skill, but below the level wanted",
            "num_technicians": 8,
            "count": "8",
            "is_locked": False,
            "may_override": True,
        }
    ]
    assert found["changes"][0]["kind"] == "level"
    assert found["changes"][0]["num_more"] == 8


def test_counts_under_five_are_not_told_to_a_client_but_to_the_operator(indexed):
    job = indexed.posted(slots=[{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "140.00"}}])
    with indexed.world.as_engine() as (session, now):
        for technician in indexed.world.technicians[:6]:
            mark_technician(session, ENGINE, indexed.world.client, technician, "block", reason="Rude", now=now)
    indexed.app.state.parts.refresh()
    url = f"/v1/jobs/{job['id']}/candidates"
    told = {each["code"]: each["num_technicians"] for each in indexed.staff.get(url).json()["reasons"]}
    assert told == {"available": 6, "level": 8}
    full = {each["code"]: each["num_technicians"] for each in indexed.key("operator").get(url).json()["reasons"]}
    assert full == {"blocked": 6, "level": 8}


def test_one_technician_is_told_by_rule_to_the_operator_and_by_visible_reason_to_the_client(indexed):
    job = indexed.posted(slots=[{"needs": {"credentials": ["background_check"]}, "pay": {"amount": "140.00"}}])
    url = f"/v1/jobs/{job['id']}/candidates/{indexed.world.technicians[0]}"
    client, operator = indexed.staff.get(url).json(), indexed.key("operator").get(url).json()
    assert not client["may"]
    assert [each["code"] for each in client["failed"]] == ["screening"]
    assert client["ticks"] == []
    assert [each["code"] for each in operator["failed"]] == ["credential"]
    assert {each["rule"] for each in operator["ticks"] if not each["holds"]} == {"credential"}
    assert indexed.staff.get(f"/v1/jobs/{job['id']}/candidates/{uuid4()}").status_code == 404


def test_a_role_that_the_job_does_not_have_is_named(indexed):
    job = indexed.posted()
    answer = indexed.staff.get(f"/v1/jobs/{job['id']}/candidates?role=welder")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "?role"


def test_the_story_tells_waves_decisions_and_events(town):
    job, offers = town.offered()
    url = f"/v1/jobs/{job['id']}"
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    waves = town.staff.get(f"{url}/waves").json()["items"]
    assert [(each["num"], each["num_asked"]) for each in waves] == [(1, len(offers))]
    decisions = town.staff.get(f"{url}/decisions").json()["items"]
    told = town.staff.get(f"{url}/decisions/{decisions[0]['id']}").json()
    assert told["id"] == waves[0]["decision_id"]
    assert [each["technician"] for each in told["asked"]] == [str(each.technician_id) for each in offers]
    events = [each["kind"] for each in town.staff.get(f"{url}/events").json()["items"]]
    assert events[-1] == "posted"
    assert {"wave_sent", "accepted", "made", "slot_filled"} <= set(events)


def test_a_job_that_nobody_took_is_in_the_queue_with_reasons_and_ways_on(town):
    job = town.posted(slots=[{"needs": {"skills": {"drones": 1}}, "pay": {"amount": "140.00"}}])
    town.world.send_waves()
    item = town.staff.get("/v1/queue").json()["items"][0]
    assert item["why"] == "unfilled"
    assert item["job"]["id"] == job["id"]
    assert item["unfilled"]["reasons"][0]["code"] == "skill"
    assert "raise_pay" in item["ways_on"]
    events = town.staff.get(f"/v1/jobs/{job['id']}/events").json()["items"]
    told = next(each["data"] for each in events if each["kind"] == "unfilled")
    assert "counts" not in told
    resumed = town.staff.post(f"/v1/jobs/{job['id']}/resume")
    assert resumed.json()["state"] == "open"
    assert town.staff.get("/v1/queue").json()["items"] == []
