"""Standing work and work together: each story as people live it, over the real HTTP API."""

import pytest
from sqlalchemy import select

from dispatch.record.tables import EventRow

TWO = [
    {"role": "technician", "count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}},
]
WITH_OBSERVER = [
    {"role": "technician", "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}},
    {"role": "trainee", "is_observer": True, "pay": {"amount": "0"}},
]


def _takes(town, offer, **more):
    answer = town.by_id(offer.technician_id).post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _crew_of_two(town):
    """A job that two took: the caller who leads, their colleague, both ids, the visit."""
    job, offers = town.offered(slots=TWO)
    first, second = offers[:2]
    visit = _takes(town, first)["visit_id"]
    _takes(town, second)
    people = (town.by_id(first.technician_id), town.by_id(second.technician_id))
    return job, people, (str(first.technician_id), str(second.technician_id)), f"/v1/visits/{visit}"


def _leads(town, visit):
    return [each["technician_id"] for each in town.staff.get(f"{visit}/crew").json()["items"] if each["is_lead"]]


def test_the_lead_of_two_goes_home_and_lets_the_other_lead(town):
    _, (first, second), (first_id, second_id), visit = _crew_of_two(town)
    assert _leads(town, visit) == [first_id]
    assert second.post(f"{visit}/lead", {"technician_id": second_id}).status_code == 409
    handed = first.post(f"{visit}/lead", {"technician_id": second_id})
    assert handed.status_code == 200, handed.text
    assert _leads(town, visit) == [second_id]
    again = first.post(f"{visit}/lead", {"technician_id": first_id})
    assert (again.status_code, again.json()["rules"]) == (409, ["not_the_lead"])
    assert town.staff.post(f"{visit}/lead", {"technician_id": first_id}).status_code == 200
    assert _leads(town, visit) == [first_id]


def test_colleagues_know_each_other_by_name_and_nobodys_number_is_told(town):
    _, (first, _), (first_id, second_id), visit = _crew_of_two(town)
    crew = first.get(f"{visit}/crew")
    assert [each["technician_id"] for each in crew.json()["items"]] == [first_id, second_id]
    assert all(each["name"].startswith("Technician") for each in crew.json()["items"])
    assert "+1432" not in crew.text
    others = [each for each in town.world.technicians if str(each) not in (first_id, second_id)]
    assert town.by_id(others[0]).get(f"{visit}/crew").status_code == 404
    assert town.stranger.get(f"{visit}/crew").status_code == 404


def test_an_observer_goes_along_and_nothing_waits_for_them(town):
    """The job is assigned without the trainee, who says yes later, moves nothing, leaves, and is missed by nobody."""
    job, offers = town.offered(slots=WITH_OBSERVER)
    worker = next(each for each in offers if each.role == "technician")
    visit = f"/v1/visits/{_takes(town, worker)['visit_id']}"
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"
    trainee = next(each for each in offers if each.role == "trainee" and each.technician_id != worker.technician_id)
    looks_on = town.by_id(trainee.technician_id)
    assert looks_on.get(f"/v1/offers/{trainee.id}").json()["is_observer"]
    place = _takes(town, trainee)["assignment_id"]
    planned = town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["planned_start_at"]
    for wish in ("confirm", "check-in", "check-out"):
        assert looks_on.post(f"{visit}/{wish}").status_code == 404
    assert looks_on.post(f"/v1/jobs/{job['id']}/finish").status_code == 404
    assert [each["is_observer"] for each in looks_on.get(f"{visit}/crew").json()["items"]] == [False, True]
    assert looks_on.post(f"/v1/assignments/{place}/back-out", {"why": "ill"}).status_code == 200
    after = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert (after["state"], after["visits"][0]["planned_start_at"]) == ("assigned", planned)
    works = town.by_id(worker.technician_id)
    for wish in ("confirm", "leave", "check-in", "check-out"):
        assert works.post(f"{visit}/{wish}").status_code == 200
    assert works.post(f"/v1/jobs/{job['id']}/finish").json()["state"] == "done"


def test_a_dispatcher_names_an_observer_and_asks_nobody_else(town):
    job, offers = town.offered()
    visit = f"/v1/visits/{_takes(town, offers[0])['visit_id']}"
    named = town.world.technicians[5]
    asked = town.staff.post(f"{visit}/observers", {"technician_id": str(named)})
    assert asked.status_code == 201, asked.text
    assert town.world.send_waves() == 0
    offer = town.by_id(named).get("/v1/offers?state=live").json()["items"][0]
    assert (offer["is_observer"], offer["pay"]["amount"]) == (True, "0.00")
    yes = {"terms_version": offer["terms_version"]}
    assert town.by_id(named).post(f"/v1/offers/{offer['id']}/accept", yes).json()["outcome"] == "assigned"
    shown = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert [each["is_observer"] for each in shown["visits"][0]["slots"]] == [False, True]
    assert shown["state"] == "assigned"


def test_of_two_who_are_named_one_after_the_other_the_first_is_not_asked_any_more(town):
    _, offers = town.offered()
    visit = f"/v1/visits/{_takes(town, offers[0])['visit_id']}"
    first, second = town.world.technicians[5], town.world.technicians[6]
    town.staff.post(f"{visit}/observers", {"technician_id": str(first)})
    town.staff.post(f"{visit}/observers", {"technician_id": str(second)})
    assert town.by_id(first).get("/v1/offers?state=live").json()["items"] == []
    assert len(town.by_id(second).get("/v1/offers?state=live").json()["items"]) == 1
    assert len(town.staff.get(f"{visit}/crew").json()["items"]) == 2


@pytest.mark.parametrize(
    ("slots", "path"),
    [
        ([{"role": "trainee", "is_observer": True, "pay": {"amount": "0"}}], "/slots"),
        ([WITH_OBSERVER[0], WITH_OBSERVER[1] | {"is_lead": True}], "/slots/1/is_lead"),
        ([WITH_OBSERVER[0] | {"is_lead": True}, WITH_OBSERVER[0] | {"role": "b", "is_lead": True}], "/slots/1/is_lead"),
    ],
)
def test_a_crew_that_cannot_be_is_refused(town, slots, path):
    refused = town.staff.post("/v1/jobs", town.job_body(slots=slots))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == path


def test_bad_wishes_about_crews_name_the_way_out(town):
    _, (first, _), (first_id, second_id), visit = _crew_of_two(town)
    stranger = str(town.world.technicians[7])
    assert first.post(f"{visit}/lead", {"technician_id": stranger}).json()["errors"][0]["path"] == "/technician_id"
    assert first.post(f"{visit}/lead", {"technician_id": first_id}).json()["state"] == "theirs already"
    naming = f"{visit}/observers"
    assert town.staff.post(naming, {"technician_id": first_id}).json()["rules"] == ["on_visit"]
    euros = {"technician_id": stranger, "pay": {"amount": "1", "currency": "EUR"}}
    assert town.staff.post(naming, euros).json()["errors"][0]["path"] == "/pay.currency".replace(".", "/")
    assert town.stranger.post(naming, {"technician_id": stranger}).status_code == 404
    for wish in ("confirm", "check-in"):
        first.post(f"{visit}/{wish}")
    late = town.staff.post(naming, {"technician_id": stranger})
    assert (late.status_code, late.json()["state"]) == (409, "checked_in")
    first.post(f"{visit}/check-out")
    over = first.post(f"{visit}/lead", {"technician_id": second_id})
    assert (over.status_code, over.json()["state"]) == (409, "checked_out")


def test_an_observer_whom_nobody_wants_to_be_leaves_the_job_assigned_and_is_told(town):
    slots = [WITH_OBSERVER[0], WITH_OBSERVER[1] | {"needs": {"skills": {"drones": 5}}}]
    job, offers = town.offered(slots=slots)
    _takes(town, offers[0])
    town.world.send_waves()
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"
    with town.world.as_engine() as (session, _):
        assert "no_observer" in session.scalars(select(EventRow.kind)).all()
