"""What is a technician asked, and what do they answer? Over HTTP."""

from uuid import UUID

import pytest

from dispatch.record.tables import CompanyRow, TechnicianRow, new_id


def test_exactly_one_hears_assigned_and_the_other_hears_taken(town):
    job, offers = town.offered()
    first, second = town.by_id(offers[0].technician_id), town.by_id(offers[1].technician_id)
    won = first.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert won.status_code == 200, won.text
    assert won.json()["outcome"] == "assigned"
    lost = second.post(f"/v1/offers/{offers[1].id}/accept", {"terms_version": 1})
    assert lost.status_code == 409
    assert lost.headers["content-type"] == "application/problem+json"
    assert lost.json()["code"] == "taken"
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"


def test_a_losers_yes_is_kept_and_the_backup_is_asked_first(town):
    _, offers = town.offered()
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    town.by_id(offers[2].technician_id).post(f"/v1/offers/{offers[2].id}/accept", {"terms_version": 1})
    assignment = town.staff.get("/v1/assignments").json()["items"][0]
    back = town.by_id(offers[0].technician_id).post(f"/v1/assignments/{assignment['id']}/back-out", {"why": "ill"})
    assert back.status_code == 200, back.text
    town.world.send_waves()
    asked_again = town.world.offers(UUID(assignment["job_id"]))[-1]
    assert asked_again.technician_id == offers[2].technician_id


def test_the_door_is_told_once_it_is_theirs(town):
    _, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    before = technician.get(f"/v1/offers/{offers[0].id}").json()
    assert before["place"]["address"] is None
    assert before["place"]["contact_phone"] is None
    assert not before["place"]["is_exact"]
    assert before["place"]["town"] == "Alpine"
    assert before["place"]["lat"] != pytest.approx(30.3585, abs=1e-4)
    assert before["distance_m"] % 1000 == 0
    technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    after = technician.get(f"/v1/offers/{offers[0].id}").json()
    assert after["place"]["address"] == "106 N 5th St"
    assert after["place"]["contact_phone"] == "+14325550147"
    assert after["is_assigned"]


def test_the_clients_staff_learns_the_phone_once_they_are_assigned(town):
    job, offers = town.offered()
    asked = town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"]
    assert {each["technician"]["phone"] for each in asked} == {None}
    assert all(each["technician"]["name"] for each in asked)
    town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    slot = town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["slots"][0]
    assert slot["technician"]["phone"].startswith("+1432555")


def test_a_technician_sees_only_their_own_offers(town):
    _, offers = town.offered()
    mine = town.by_id(offers[0].technician_id)
    assert [each["id"] for each in mine.get("/v1/offers?state=live").json()["items"]] == [str(offers[0].id)]
    assert mine.get(f"/v1/offers/{offers[1].id}").status_code == 404
    assert mine.post(f"/v1/offers/{offers[1].id}/accept", {"terms_version": 1}).status_code == 404


def test_a_gateway_sees_and_answers_for_everybody(town):
    _, offers = town.offered()
    gateway = town.key("gateway")
    seen = gateway.get("/v1/offers?state=live&limit=200").json()["items"]
    assert {each["id"] for each in seen} == {str(each.id) for each in offers}
    assert gateway.post(f"/v1/offers/{offers[0].id}/view").json()["state"] == "viewed"
    assert gateway.post(f"/v1/offers/{offers[0].id}/decline", {"reason": "too_far"}).json()["state"] == "declined"
    again = gateway.post(f"/v1/offers/{offers[0].id}/decline", {"reason": "too_far"})
    assert again.status_code == 409
    assert again.json()["state"] == "declined"
    assert again.json()["moves"] == []


def test_a_counter_that_the_client_accepts_makes_new_terms(town):
    job, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    wish = {"pay": {"amount": "175.50"}, "reason": "distance"}
    made = technician.post(f"/v1/offers/{offers[0].id}/counter", wish)
    assert made.status_code == 201, made.text
    waiting = town.staff.get("/v1/queue").json()["items"]
    assert waiting[0]["why"] == "waiting_for_pick"
    assert waiting[0]["waiting"][0]["counter"]["pay"]["amount"] == "175.50"
    taken = town.staff.post(f"/v1/counters/{made.json()['id']}/accept")
    assert taken.status_code == 200, taken.text
    assignment = town.staff.get(f"/v1/assignments?job_id={job['id']}").json()["items"][0]
    assert assignment["pay"]["amount"] == "175.50"
    assert assignment["terms_version"] == 2


def test_a_refused_counter_leaves_the_offer_standing(town):
    _, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    made = technician.post(f"/v1/offers/{offers[0].id}/counter", {"pay": {"amount": 300}, "reason": "more"}).json()
    assert town.staff.post(f"/v1/counters/{made['id']}/refuse").json()["state"] == "viewed"
    assert technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code == 200


def test_the_dispatcher_picks_one_of_those_who_said_yes(town):
    job, offers = town.offered(mode="manual")
    for offer in offers[:2]:
        noted = town.by_id(offer.technician_id).post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1})
        assert noted.json()["outcome"] == "noted"
    queue = town.staff.get("/v1/queue").json()["items"]
    assert [each["state"] for each in queue[0]["waiting"]] == ["requested", "requested"]
    picked = town.staff.post(f"/v1/jobs/{job['id']}/assignments", {"offer_id": str(offers[1].id)})
    assert picked.status_code == 201, picked.text
    assert picked.json()["outcome"] == "assigned"
    too_late = town.staff.post(f"/v1/jobs/{job['id']}/assignments", {"offer_id": str(offers[2].id)})
    assert too_late.status_code == 409


def test_a_withdrawn_offer_cannot_be_taken(town):
    _, offers = town.offered()
    assert town.staff.post(f"/v1/offers/{offers[0].id}/withdraw", {"why": "mistake"}).status_code == 200
    late = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert late.status_code == 409
    assert late.json()["code"] == "withdrawn"
    assert late.json()["state"] == "withdrawn"


def test_an_old_version_of_the_terms_is_not_accepted(town):
    _, offers = town.offered()
    answer = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 7})
    assert answer.status_code == 409
    assert answer.json()["code"] == "terms_changed"


def test_a_technician_finds_open_work_and_asks_for_it(town):
    town.posted(policy={"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600}})
    town.world.send_waves()
    asked = {offer.technician_id for offer in town.world.offers()}
    other = next(each for each in town.world.technicians if each not in asked)
    found = town.by_id(other).get("/v1/open-jobs").json()["items"]
    assert len(found) == 1
    assert not found[0]["place"]["is_exact"]
    taken = town.by_id(other).post(f"/v1/open-jobs/{found[0]['visit_id']}/request", {})
    assert taken.status_code == 201, taken.text
    assert taken.json()["answer"]["outcome"] == "assigned"
    assert town.by_id(other).get("/v1/visits").json()["items"][0]["place"]["address"] == "106 N 5th St"


def test_a_companys_dispatcher_answers_for_a_named_worker(town):
    company = _company_of(town, 0, 1)
    _, offers = town.offered()
    theirs = town.key("company", company_id=company)
    seen = theirs.get("/v1/offers?state=live").json()["items"]
    assert {each["technician"]["id"] for each in seen} == {str(each) for each in town.world.technicians[:2]}
    offer = next(each for each in offers if each.technician_id == town.world.technicians[0])
    worker = town.world.technicians[1]
    taken = theirs.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1, "worker_id": str(worker)})
    assert taken.status_code == 200, taken.text
    assert theirs.get("/v1/assignments").json()["items"][0]["technician"]["id"] == str(worker)


def test_a_company_cannot_name_anothers_worker_or_ask_for_them(town):
    company = _company_of(town, 0)
    _, offers = town.offered()
    theirs, stranger = town.key("company", company_id=company), str(town.world.technicians[5])
    offer = next(each for each in offers if each.technician_id == town.world.technicians[0])
    refused = theirs.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1, "worker_id": stranger})
    assert refused.status_code == 422
    assert theirs.get(f"/v1/open-jobs?technician_id={stranger}").status_code == 404
    asked = theirs.post(f"/v1/open-jobs/{offer.visit_id}/request", {"technician_id": stranger})
    assert asked.status_code == 404


def _company_of(town, *workers):
    company = new_id()
    with town.world.as_engine() as (session, now):
        session.add(CompanyRow(id=company, name="Big Bend Crews", created_at=now))
        session.flush()
        for num in workers:
            session.get_one(TechnicianRow, town.world.technicians[num]).company_id = company
    return company
