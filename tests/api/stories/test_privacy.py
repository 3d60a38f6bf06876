"""Stories of a person's data: who sees where they are, what must be kept, what they can take along, and erasure."""

from uuid import uuid4

from personal_data import assert_events_impersonal

HERE = {"lat": 30.3585, "lng": -103.6610, "accuracy_m": 12.4}


def at(caller, **more):
    answer = caller.call("PUT", "/v1/technicians/me/position", json=HERE | more)
    assert answer.status_code == 202, answer.text
    return answer.json()


def seen_by(caller, given):
    answer = caller.get(f"{given.visit}/positions")
    return [each["lat"] for each in answer.json()["items"]] if answer.status_code == 200 else answer.status_code


def test_where_somebody_is_is_told_to_the_parties_of_the_job_while_they_are_on_it(story):
    given = story.assigned()
    town = story.town
    assert at(given.technician) | {"until": None} == {
        "is_shared": False, "until": None, "why_not": "not_opted_in", "visits": [],
    }  # fmt: skip
    given.does("leave")
    assert at(given.technician)["visits"] == [given.visit_id]
    assert seen_by(given.staff, given) == [30.3585]
    assert given.staff.get(f"{given.visit}/positions").json()["items"][0]["accuracy_m"] == 12
    assert seen_by(given.technician, given) == [30.3585]
    other = next(each for each in town.world.technicians if each != given.technician_id)
    assert seen_by(town.stranger, given) == 404
    assert seen_by(town.by_id(other), given) in (404, [])
    given.does("check-in", "check-out")
    assert at(given.technician)["visits"] == []
    assert_events(story)


def test_the_operator_places_a_hold_and_lifts_it_once(story):
    given = story.assigned()
    operator, staff = story.town.key("operator"), given.staff
    hold = operator.post("/v1/legal-holds", {"job_id": given.job["id"], "why": "lawsuit"})
    assert hold.status_code == 201, hold.text
    assert hold.json()["about"] == "job"
    assert [each["id"] for each in operator.get("/v1/legal-holds").json()["items"]] == [hold.json()["id"]]
    assert staff.get("/v1/legal-holds").status_code == 403
    assert staff.post("/v1/legal-holds", {"job_id": given.job["id"], "why": "lawsuit"}).status_code == 403
    lift = f"/v1/legal-holds/{hold.json()['id']}/lift"
    assert operator.post(lift).json()["lifted_at"] is not None
    assert operator.post(lift).json()["code"] == "conflict"
    assert operator.post(f"/v1/legal-holds/{uuid4()}/lift").status_code == 404
    assert_events(story)


def test_a_hold_names_one_thing_that_is_there_a_code_and_a_time_to_come(story):
    operator = story.town.key("operator")
    job = story.town.posted()["id"]
    bad = [
        ({"why": "lawsuit"}, 422),
        ({"why": "lawsuit", "job_id": job, "client_id": str(story.town.world.client)}, 422),
        ({"why": "Miller against Acme", "job_id": job}, 422),
        ({"why": "lawsuit", "job_id": job, "until": "2021-03-01T00:00:00Z"}, 422),
        ({"why": "lawsuit", "job_id": str(uuid4())}, 404),
        ({"why": "lawsuit", "technician_id": str(uuid4())}, 404),
        ({"why": "lawsuit", "client_id": str(uuid4())}, 404),
    ]
    answers = [operator.post("/v1/legal-holds", body).status_code for body, _ in bad]
    assert answers == [status for _, status in bad]


def assert_events(story):
    with story.town.world.as_engine() as (session, _):
        assert_events_impersonal(session)
