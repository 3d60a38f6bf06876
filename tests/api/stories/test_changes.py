"""What changes after somebody has the work, as both sides live it: other times, substitutes, cancellations."""

from datetime import datetime, timedelta

FEES = {
    "steps": [{"within_h": 72, "share": "0.5"}, {"within_h": 24, "share": "1"}],
    "trip_charge": "40.00",
    "minimum_h": "1",
}


def at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def later(given, **by) -> str:
    """The agreed start, moved."""
    return (given.starts_at() + timedelta(**by)).isoformat()


def test_the_client_moves_a_visit_to_another_day_and_the_technician_agrees(story):
    given = story.assigned()
    given.does("confirm")
    wish = given.client_proposes(time={"start_at": later(given, days=1)}, reason="site_closed")
    assert given.technician.get("/v1/proposals?state=open").json()["items"][0]["moves"] == ["accept", "refuse"]
    agreed = given.technician.post(f"/v1/proposals/{wish['id']}/accept").json()
    assert (agreed["state"], agreed["terms_version"]) == ("accepted", 2)
    visit = given.technician.get("/v1/visits").json()["items"][0]
    assert at(visit["planned_start_at"]) == at(agreed["start_at"])
    assert visit["state"] == "planned", "the new time is to be confirmed anew"
    assert at(visit["confirm_by"]) == at(agreed["start_at"]) - timedelta(hours=2)
    given.does("confirm", "leave", "check-in", "check-out")


def test_the_technicians_no_to_a_clients_change_leaves_everything_as_it_was_and_counts_against_nobody(story):
    given = story.assigned()
    before = story.what_is_held_against(given.technician_id)
    wish = given.client_proposes(time={"start_at": later(given, days=3)})
    assert given.technician.post(f"/v1/proposals/{wish['id']}/refuse", {"why": "booked"}).json()["state"] == "refused"
    assignment = given.technician.get("/v1/assignments").json()["items"][0]
    assert (assignment["state"], assignment["ended_by"]) == ("live", None)
    assert at(assignment["start_at"]) == given.starts_at()
    assert story.what_is_held_against(given.technician_id) == before
    given.does("confirm", "leave", "check-in", "check-out")


def test_after_a_no_the_client_may_still_release_and_the_job_is_offered_again(story):
    given = story.assigned()
    wish = given.client_proposes(time={"start_at": later(given, days=3)})
    given.technician.post(f"/v1/proposals/{wish['id']}/refuse", {"why": "booked"})
    released = given.staff.post(f"/v1/assignments/{given.assignment_id}/release", {"why": "other_day"})
    assert released.json()["state"] == "released"
    assert given.state() == "open"
    ended = given.technician.get("/v1/assignments").json()["items"][0]
    assert ended["ended_by"] == "dispatcher", "it was the client who ended it"


def test_the_technician_asks_for_more_pay_for_more_work_and_the_dispatcher_agrees_in_time(story):
    given = story.assigned()
    pay = {"kind": "fixed", "amount": "210.00", "currency": "USD"}
    scope = {"duration_min": 180, "description": "Replace both drives"}
    wish = given.technician_proposes(scope=scope, pay=pay, reason="more_to_do")
    assert wish["kind"] == "several"
    assert story.alarms("proposal_waiting") == [wish["id"]]
    assert given.staff.post(f"/v1/proposals/{wish['id']}/accept").json()["terms_version"] == 2
    assert story.alarms("proposal_waiting") == []
    job = given.staff.get(given.job_url).json()
    assert job["description"] == "Replace both drives"
    assert job["visits"][0]["slots"][0]["pay"]["amount"] == "210.00"
    assignment = given.technician.get("/v1/assignments").json()["items"][0]
    assert assignment["pay"]["amount"] == "210.00"
    assert at(assignment["end_at"]) - at(assignment["start_at"]) == timedelta(hours=3)


def test_the_work_goes_to_another_store_and_the_technician_sees_its_door(story):
    given = story.assigned()
    other = story.another_site(lat=30.40, lng=-103.66)
    wish = given.client_proposes(place={"site_id": other}, reason="wrong_store")
    assert given.technician.post(f"/v1/proposals/{wish['id']}/accept").status_code == 200
    place = given.technician.get("/v1/assignments").json()["items"][0]["place"]
    assert (place["site_id"], place["address"]) == (other, "1 Second St")


def test_a_proposal_that_nobody_answers_runs_out_and_the_dispatcher_was_warned(story):
    given = story.assigned(day_policy={"proposals": {"answer_min": 60, "warn_before_min": 15}})
    wish = given.client_proposes(time={"start_at": later(given, hours=1)})
    story.sweeps()
    assert story.alarms("proposal_waiting") == []
    story.time_passes("UPDATE proposals SET expires_at = now() + interval '10 minutes'")
    story.sweeps()
    assert story.alarms("proposal_waiting") == [wish["id"]]
    story.time_passes("UPDATE proposals SET made_at = now() - interval '1 hour', expires_at = now()")
    late = given.technician.post(f"/v1/proposals/{wish['id']}/accept")
    assert (late.status_code, late.json()["state"]) == (409, "expired")
    late = given.technician.post(f"/v1/proposals/{wish['id']}/refuse", {"why": "too_late"})
    assert (late.status_code, late.json()["state"]) == (409, "expired")
    story.sweeps()
    assert given.staff.get(f"/v1/proposals/{wish['id']}").json()["state"] == "expired"
    assert story.alarms("proposal_waiting") == []


def test_both_sides_propose_another_time_at_once_and_the_first_yes_overtakes_the_other(story):
    given = story.assigned()
    theirs = given.client_proposes(time={"start_at": later(given, hours=1)})
    mine = given.technician_proposes(time={"start_at": later(given, hours=2)})
    assert given.technician.post(f"/v1/proposals/{theirs['id']}/accept").status_code == 200
    assert given.staff.get(f"/v1/proposals/{mine['id']}").json()["state"] == "overtaken"
    late = given.staff.post(f"/v1/proposals/{mine['id']}/accept")
    assert (late.status_code, late.json()["state"]) == (409, "overtaken")


def test_a_reschedule_is_agreed_on_a_time_that_was_suggested_to_both(story):
    given = story.assigned()
    story.works_only(given.technician_id, weekday=(given.starts_at() + timedelta(days=2)).weekday(), hours=(8, 12))
    found = given.staff.get(f"{given.visit}/suggestions?num=2").json()["items"]
    assert [at(each["start_at"]).astimezone(story.zone).hour for each in found] == [8, 9]
    assert found == given.technician.get(f"{given.visit}/suggestions?num=2").json()["items"]
    wish = given.technician_proposes(time={"start_at": found[0]["start_at"]})
    assert given.staff.post(f"/v1/proposals/{wish['id']}/accept").json()["start_at"] == found[0]["start_at"]


def test_a_company_sends_another_of_its_workers_who_confirms_and_comes(story):
    given, company = story.assigned_to_company()
    substitute = story.town.world.technicians[5]
    sent = company.post(
        f"/v1/assignments/{given.assignment_id}/substitute", {"worker_id": str(substitute), "why": "ill"}
    )
    assert sent.json()["technician_id"] == str(substitute)
    newcomer = story.town.by_id(substitute)
    assert newcomer.get("/v1/visits").json()["items"][0]["id"] == given.visit_id
    assert given.technician.get("/v1/visits").json()["items"] == []
    told = given.staff.get(f"{given.job_url}/events").json()["items"]
    assert "substituted" in [each["kind"] for each in told]
    for wish in ("confirm", "leave", "check-in", "check-out"):
        assert newcomer.post(f"{given.visit}/{wish}").status_code == 200


def test_somebody_else_stands_at_the_door_and_a_person_decides_what_it_was(story):
    given = story.assigned()
    given.does("confirm", "leave")
    told = given.staff.post(
        f"{given.visit}/incidents", {"kind": "unnamed_person", "note": "Not the one on the picture"}
    )
    assert told.status_code == 201
    assert story.alarms("incident") == [told.json()["id"]]
    assert given.staff.get("/v1/assignments").json()["items"][0]["is_flagged"] is True
    assert given.technician.get("/v1/assignments").json()["items"][0]["is_flagged"] is False
    assert given.technician.get(f"{given.visit}/incidents").status_code == 403
    decided = given.staff.post(f"/v1/incidents/{told.json()['id']}/decide", {"decision": "dismissed"})
    assert decided.status_code == 200
    assert story.alarms("incident") == []
    assert given.staff.get("/v1/assignments").json()["items"][0]["is_flagged"] is False
    assert given.staff.get(f"{given.visit}/incidents").json()["items"][0]["decision"] == "dismissed"
    # What others say of their work is not theirs to read; what they said themselves is, and nobody else's.
    assert given.technician.get("/v1/incidents").json()["items"] == []
    own = given.technician.post(f"{given.visit}/incidents", {"kind": "damage", "note": "A pane broke"}).json()["id"]
    story.town.staff.post(f"/v1/incidents/{own}/decide", {"decision": "confirmed"})
    (mine,) = given.technician.get("/v1/incidents", params={"visit_id": given.visit_id}).json()["items"]
    assert (mine["id"], mine["note"], mine["decision"]) == (own, "A pane broke", "confirmed")
    other = next(each for each in story.town.world.technicians if each != given.technician_id)
    for caller, expected in ((story.town.by_id(other), []), (given.technician, [own])):
        assert [each["id"] for each in caller.get("/v1/incidents").json()["items"]] == expected
    assert given.staff.get("/v1/incidents").status_code == 403
    elsewhere = given.technician.get("/v1/incidents", params={"visit_id": other})
    assert elsewhere.json()["items"] == []


def test_a_late_cancellation_costs_what_the_offer_said_and_the_preview_foretold(story):
    given = story.assigned(day_policy={"cancellation": FEES})
    offer = given.technician.get("/v1/offers").json()["items"][0]
    terms = offer["cancellation_terms"]
    assert terms["steps"] == [{"within_h": "24", "amount": "140.00"}, {"within_h": "72", "amount": "70.00"}]
    assert "Cancelled less than 72 h before the start: 70.00 USD." in terms["words"]
    foretold = given.staff.get(f"{given.job_url}/cancellation").json()
    assert (foretold["total"], foretold["currency"]) == ("70.00", "USD")
    cancelled = given.staff.post(f"{given.job_url}/cancel", {"why": "customer_closed"}).json()
    assert cancelled["owed"][0]["charges"] == [
        {"kind": "cancellation_fee", "amount": "70.00", "currency": "USD", "why": "customer_closed"}
    ]
    assert [each["amount"] for each in given.technician.get("/v1/charges").json()["items"]] == ["70.00"]


def test_whoever_is_on_the_way_is_paid_the_trip_besides(story):
    given = story.assigned(day_policy={"cancellation": FEES})
    given.does("confirm", "leave")
    owed = given.staff.post(f"{given.job_url}/cancel", {"why": "no_longer_needed"}).json()["owed"][0]["charges"]
    assert {each["kind"]: each["amount"] for each in owed} == {"cancellation_fee": "70.00", "trip_charge": "40.00"}


def test_the_client_stops_the_work_while_the_technician_is_there_and_pays_the_hours(story):
    given = story.assigned(day_policy={"cancellation": {"minimum_h": "1.5", "trip_charge": "40.00"}})
    given.does("confirm", "leave", "check-in")
    assert given.state() == "in_progress"
    owed = given.staff.post(f"{given.job_url}/cancel", {"why": "no_longer_needed"}).json()["owed"][0]["charges"]
    assert {each["kind"]: each["amount"] for each in owed} == {"trip_charge": "40.00", "minimum_hours": "105.00"}
    visit = given.staff.get(given.job_url).json()["visits"][0]
    assert (visit["state"], visit["outcome"]) == ("checked_out", "cancelled")
    assert given.technician.post(f"{given.visit}/check-out").status_code == 404, "there is nothing left to leave"


def test_the_terms_at_the_yes_hold_whatever_the_client_says_later(story):
    given = story.assigned(day_policy={"cancellation": FEES})
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    client = f"/v1/clients/{story.town.world.client}"
    etag = admin.get(client).headers["etag"]
    assert admin.patch(client, {"day_policy": {"cancellation": {"trip_charge": "1.00"}}}, etag).status_code == 200
    given.does("confirm", "leave")
    assert given.staff.get(f"{given.job_url}/cancellation").json()["total"] == "110.00"


def test_a_release_by_the_client_is_a_cancellation_to_the_technician_but_not_one_they_asked_for(story):
    given = story.assigned(day_policy={"cancellation": FEES})
    given.staff.post(f"/v1/assignments/{given.assignment_id}/release", {"why": "found_cheaper"})
    assert [each["amount"] for each in given.technician.get("/v1/charges").json()["items"]] == ["70.00"]
    other = story.assigned(day_policy={"cancellation": FEES})
    other.staff.post(f"/v1/assignments/{other.assignment_id}/release", {"why": "technician_asked"})
    assert other.staff.get(f"/v1/charges?assignment_id={other.assignment_id}").json()["items"] == []
