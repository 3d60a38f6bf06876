"""A dispatcher asks somebody by name: they are asked first, by the rules, and nobody is booked who did not say yes.

Technicians of the town have `hvac` at level 3, save the last two: T-00006 at level 1, T-00007 without.
"""

from datetime import timedelta
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import delete, select, update

from dispatch.jobs.naming import Ask, ask_by_name
from dispatch.jobs.sweeps import expire_offers
from dispatch.record.tables import ClientMarkRow, EventRow, OfferRow, RoundRow, TechnicianMarkRow, TechnicianSkillRow
from dispatch.record.tables.offers import LIVE_OFFERS

LOW, UNSKILLED = 6, 7
SMALL_WAVE = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}


@pytest.fixture
def levels(town):
    people = town.world.technicians
    with town.world.as_engine() as (session, _):
        low = TechnicianSkillRow.technician_id == people[LOW]
        session.execute(update(TechnicianSkillRow).where(low).values(level=1))
        session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == people[UNSKILLED]))
    return people


def asks(town, job, technician, caller=None, **more):
    return (caller or town.staff).post(f"/v1/jobs/{job['id']}/offers", {"technician_id": str(technician), **more})


def says_yes(town, offer):
    technician = town.by_id(UUID(offer["technician"]["id"]))
    return technician.post(f"/v1/offers/{offer['id']}/accept", {"terms_version": offer["terms_version"]})


def live(town, job):
    with town.world.as_engine() as (session, _):
        rows = session.scalars(select(OfferRow).where(OfferRow.job_id == UUID(job["id"])))
        return {row.technician_id: row for row in rows if row.state in LIVE_OFFERS}


def test_whoever_is_asked_by_name_and_says_yes_has_it_though_others_would_wait_for_the_pick(town):
    job, offers = town.offered(mode="manual", policy=SMALL_WAVE)
    assert len(offers) == 2
    waits = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert waits.json()["outcome"] == "noted"
    named = next(each for each in town.world.technicians if each not in {row.technician_id for row in offers})
    answer = asks(town, job, named, answer_min=30)
    assert answer.status_code == 201, answer.text
    offer = answer.json()
    assert (offer["state"], offer["is_by_name"], offer["wave_id"], offer["waived"]) == ("sent", True, None, [])
    # Nobody lost what they had: one yes waits, one offer lies with somebody, and the named one is told the same way.
    assert live(town, job).keys() == {named, *(row.technician_id for row in offers)}
    (mine,) = town.by_id(named).get("/v1/offers", params={"state": "live"}).json()["items"]
    assert mine["is_by_name"]
    assert says_yes(town, offer).json()["outcome"] == "assigned"
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"
    assert live(town, job) == {}
    # Somebody who has it cannot be asked for it, nor can anybody else.
    late = asks(town, job, offers[1].technician_id)
    assert (late.status_code, late.json()["code"], late.json()["moves"]) == (
        409,
        "conflict",
        ["release the assignment"],
    )


def test_nobody_else_is_asked_until_they_answer_and_then_the_others_are(town):
    job = town.posted()
    named = town.world.technicians[5]
    offer = asks(town, job, named).json()
    assert town.world.send_waves() == 0
    no = town.by_id(named).post(f"/v1/offers/{offer['id']}/decline", {"reason": "busy"})
    assert no.status_code == 200, no.text
    assert town.world.send_waves() == 1
    assert len(live(town, job)) >= 3
    assert named not in live(town, job)
    # They said no: asked once more only with a reason.
    again = asks(town, job, named)
    assert (again.status_code, again.json()["rules"]) == (409, ["asked"])
    again = asks(town, job, named, override={"rules": ["asked"], "why": "called_back"})
    assert again.status_code == 201, again.text
    assert says_yes(town, again.json()).status_code == 200


def test_who_did_not_answer_is_asked_again_in_the_same_round_and_who_still_may_is_given_more_time(town):
    job, (first, *_) = town.offered(policy=SMALL_WAVE)
    promoted = asks(town, job, first.technician_id, answer_min=120).json()
    assert promoted["id"] == str(first.id)
    assert promoted["expires_at"] > first.expires_at.isoformat()
    with town.world.as_engine() as (session, now):
        past = {"sent_at": now - timedelta(hours=2), "expires_at": now - timedelta(hours=1)}
        session.execute(update(OfferRow).where(OfferRow.id == first.id).values(past))
        assert expire_offers(session, now=now) == 1
    anew = asks(town, job, first.technician_id)
    assert anew.status_code == 201, anew.text
    assert anew.json()["id"] != promoted["id"]
    with town.world.as_engine() as (session, _):
        both = session.scalars(select(OfferRow).where(OfferRow.technician_id == first.technician_id)).all()
        assert len({row.round_id for row in both}) == 1
        assert sorted(row.state for row in both) == ["expired", "sent"]
    assert says_yes(town, anew.json()).json()["outcome"] == "assigned"


def test_what_may_be_overridden_is_with_a_reason_that_is_kept_and_what_is_locked_never(town, levels):
    town.app.state.parts.refresh()
    job = town.posted()
    seen = town.staff.get(f"/v1/jobs/{job['id']}/candidates/{levels[LOW]}").json()
    assert [(each["code"], each["is_locked"], each["may_override"]) for each in seen["failed"]] == [
        ("level", False, True)
    ]
    refused = asks(town, job, levels[LOW])
    assert (refused.status_code, refused.json()["code"], refused.json()["rules"]) == (409, "refused", ["level"])
    # Only what is named is set aside, and only what may be.
    partly = asks(town, job, levels[UNSKILLED], override={"rules": ["level"], "why": "trained"})
    assert partly.json()["rules"] == ["skill"]
    for code in ("credential", "screening", "blocked", "available", "limit", "rate", "suspended", "nonsense"):
        never = asks(town, job, levels[LOW], override={"rules": ["level", code], "why": "trained"})
        assert (never.status_code, never.json()["errors"][0]["path"]) == (422, "/override/rules"), code
    told = asks(town, job, levels[LOW], override={"rules": ["level"], "why": "trained"})
    assert told.status_code == 201, told.text
    assert (told.json()["waived"], told.json()["waived_why"]) == (["level"], "trained")
    won = says_yes(town, told.json())
    assert won.json()["outcome"] == "assigned", won.text
    (event,) = [
        each
        for each in town.staff.get(f"/v1/jobs/{job['id']}/events").json()["items"]
        if each["kind"] == "asked_by_name"
    ]
    assert (event["data"]["waived"], event["data"]["why"], event["actor_kind"]) == (["level"], "trained", "dispatcher")
    admin = town.key("client_admin", client_id=town.world.client)
    morning = admin.get("/v1/mornings/compliance").json()
    (aside,) = morning["set_aside"]
    assert (morning["num_set_aside"], aside["id"], aside["number"]) == (1, told.json()["id"], job["number"])
    assert (aside["rules"], aside["why"], aside["technician_id"]) == (["level"], "trained", str(levels[LOW]))

    # A certificate that is missing, and a block, are locked; a block reads as any other absence.
    needs = {"skills": {"hvac": 1}, "credentials": ["background_check"]}
    locked = town.posted(slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
    seen = town.staff.get(f"/v1/jobs/{locked['id']}/candidates").json()["reasons"]
    assert [
        (each["code"], each["is_locked"], each["may_override"]) for each in seen if each["code"] == "screening"
    ] == [("screening", True, False)]
    assert asks(town, locked, levels[0]).json()["rules"] == ["screening"]
    with town.world.as_engine() as (session, now):
        block = {"client_id": town.world.client, "kind": "block", "reason": "Rude", "marked_at": now}
        session.add(TechnicianMarkRow(technician_id=levels[1], **block))
    assert asks(town, town.posted(), levels[1]).json()["rules"] == ["available"]


def test_what_was_set_aside_does_not_help_when_another_rule_says_no_by_then(town, levels):
    job = town.posted()
    offer = asks(town, job, levels[LOW], override={"rules": ["level"], "why": "trained"}).json()
    with town.world.as_engine() as (session, now):
        block = {"client_id": town.world.client, "kind": "block", "reason": "Rude", "marked_at": now}
        session.add(ClientMarkRow(technician_id=levels[LOW], **block))
    lost = says_yes(town, offer)
    assert (lost.status_code, lost.json()["code"]) == (409, "not_eligible")


def test_work_that_rests_is_asked_for_again(town):
    job, _ = town.offered()
    assert town.staff.post(f"/v1/jobs/{job['id']}/hold", {"why": "other"}).status_code == 200
    answer = asks(town, job, town.world.technicians[3])
    assert answer.status_code == 201, answer.text
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "open"
    assert town.world.send_waves() == 0
    assert live(town, job).keys() == {town.world.technicians[3]}
    # Taken back: the others are asked at once.
    back = town.staff.post(f"/v1/offers/{answer.json()['id']}/withdraw", {"why": "other"})
    assert back.status_code == 200, back.text
    assert town.world.send_waves() == 1
    assert len(live(town, job)) >= 3
    assert town.world.technicians[3] not in live(town, job)


def test_strangers_wrong_values_and_answers_that_wait_are_told_apart(town):
    job, offers = town.offered(mode="manual", policy=SMALL_WAVE)
    named = town.world.technicians[5]
    assert asks(town, job, named, town.stranger).status_code == 404
    assert asks(town, job, named, town.key("requester", client_id=town.world.client)).status_code == 403
    nobody = asks(town, job, "01973b2e-7c1a-7000-8000-0000000000ff")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
    for wrong in ({"answer_min": 0}, {"answer_min": 1441}, {"role": "nobody"}, {"override": {"rules": [], "why": "x"}}):
        assert asks(town, job, named, **wrong).status_code == 422, wrong
    assert (
        town.by_id(offers[0].technician_id)
        .post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
        .json()["outcome"]
        == "noted"
    )
    waits = asks(town, job, offers[0].technician_id)
    assert (waits.status_code, waits.json()["state"], waits.json()["moves"]) == (
        409,
        "requested",
        ["pick", "accept the counter"],
    )
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(EventRow).where(EventRow.kind == "asked_by_name")).all() == []


def test_what_a_move_would_cost_is_said_before_it_is_made(town):
    town.app.state.parts.refresh()
    paid = {"rates": {"travel_mile": "1.00", "weekend_share": "0.5"}}
    job = town.posted(day_policy=paid)
    url = f"/v1/jobs/{job['id']}/candidates"
    near, *_, far = town.staff.get(url).json()["candidates"]
    assert far["travel_s"] >= near["travel_s"]
    miles = (far["distance_m"] - near["distance_m"]) / 1609.344
    assert float(far["cost"]["amount"]) - float(near["cost"]["amount"]) == pytest.approx(miles, abs=0.02)
    # The middle of the cell, not the door.
    assert (far["home"]["lat"], far["home"]["lng"]) != (30.3585 + 0.009 * 8, -103.661)
    # Saturday costs half as much again.
    start = town.world.start + timedelta(days=(5 - town.world.start.weekday()) % 7 + 7)
    weekend = town.staff.get(url, params={"start_at": start.isoformat()}).json()["candidates"][0]
    weekday = town.staff.get(url, params={"start_at": (start + timedelta(days=3)).isoformat()}).json()["candidates"][0]
    assert float(weekend["cost"]["amount"]) - float(weekday["cost"]["amount"]) == pytest.approx(70.0)
    one = town.staff.get(f"{url}/{far['technician']['id']}", params={"start_at": start.isoformat()}).json()
    assert one["may"]
    assert one["cost"] == weekend["cost"] | {"amount": one["cost"]["amount"]}
    past = town.staff.get(url, params={"start_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["errors"][0]["path"]) == (422, "?start_at")
    assert town.staff.get(url, params={"start_at": start.isoformat()[:19]}).status_code == 422
    # Nothing was moved by asking.
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["version"] == job["version"]


def test_two_dispatchers_who_ask_the_same_one_at_once_have_asked_once(town):
    job, named = town.posted(), town.world.technicians[4]

    def ask():
        with town.world.as_engine() as (session, now):
            return ask_by_name(session, town.world.staff, UUID(job["id"]), Ask(named), now=now)

    assert len({*race([ask, ask, ask])}) == 1
    with town.world.as_engine() as (session, _):
        assert len(session.scalars(select(OfferRow)).all()) == 1
        assert len(session.scalars(select(RoundRow)).all()) == 1
