"""From assignment to approval, drafts, holds and bundles: over HTTP."""

from datetime import timedelta


def _assigned(town, **more):
    job, offers = town.offered(**more)
    technician = town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert won.json()["outcome"] == "assigned"
    return job, technician, won.json()


def test_the_day_runs_from_confirmation_to_approval(town):
    job, technician, won = _assigned(town)
    visit = f"/v1/visits/{won['visit_id']}"
    states = [
        technician.post(f"{visit}/{wish}").json()["state"] for wish in ("confirm", "leave", "check-in", "check-out")
    ]
    assert states == ["confirmed", "on_the_way", "checked_in", "checked_out"]
    assert technician.post(f"/v1/jobs/{job['id']}/finish").json()["state"] == "done"
    assert town.staff.post(f"/v1/jobs/{job['id']}/approve").json()["state"] == "approved"
    assert technician.get("/v1/assignments").json()["items"][0]["state"] == "finished"


def test_a_move_that_the_state_does_not_allow_names_those_that_it_does(town):
    job, technician, won = _assigned(town)
    refused = technician.post(f"/v1/visits/{won['visit_id']}/check-out")
    assert refused.status_code == 409
    document = refused.json()
    assert (document["state"], document["wish"]) == ("assigned", "check_out")
    assert {"confirm", "leave", "check_in"} <= set(document["moves"])
    assert town.staff.post(f"/v1/jobs/{job['id']}/approve").status_code == 409


def test_only_who_is_on_the_visit_moves_it(town):
    _, _, won = _assigned(town)
    other = town.technician(7)
    assert other.post(f"/v1/visits/{won['visit_id']}/confirm").status_code == 404
    assert town.stranger.post(f"/v1/visits/{won['visit_id']}/confirm").status_code == 404
    assert town.staff.post(f"/v1/visits/{won['visit_id']}/confirm").status_code == 200


def test_a_released_technician_loses_the_door_and_the_job_opens_again(town):
    job, technician, _ = _assigned(town)
    assignment = town.staff.get("/v1/assignments").json()["items"][0]
    released = town.staff.post(f"/v1/assignments/{assignment['id']}/release", {"why": "other"})
    assert released.json()["state"] == "released"
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "open"
    theirs = technician.get("/v1/assignments").json()["items"][0]
    assert theirs["state"] == "released"
    assert theirs["place"]["address"] is None
    assert technician.get("/v1/visits").json()["items"] == []
    again = town.staff.post(f"/v1/assignments/{assignment['id']}/release", {"why": "other"})
    assert again.status_code == 409


def test_an_accepted_job_that_is_cancelled_is_nobodys(town):
    job, _, _ = _assigned(town)
    cancelled = town.staff.post(f"/v1/jobs/{job['id']}/cancel", {"why": "customer_closed"})
    assert cancelled.json()["state"] == "cancelled"
    assert town.staff.get("/v1/assignments").json()["items"][0]["ended_why"] == "customer_closed"


def test_nobody_accepts_after_a_cancellation(town):
    job, offers = town.offered()
    town.staff.post(f"/v1/jobs/{job['id']}/cancel", {"why": "other"})
    late = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert late.status_code == 409
    assert late.json()["code"] == "withdrawn"


def test_two_acceptances_that_overlap_in_time_are_refused_by_rule(town):
    first, second = town.posted(), town.posted()
    town.world.send_waves()
    mine = [each for each in town.world.offers() if each.technician_id == town.world.technicians[0]]
    assert {str(each.job_id) for each in mine} == {first["id"], second["id"]}
    at = {"terms_version": 1, "start_at": town.world.start.isoformat()}
    assert town.technician().post(f"/v1/offers/{mine[0].id}/accept", at).json()["outcome"] == "assigned"
    overlap = at | {"start_at": (town.world.start + timedelta(minutes=60)).isoformat()}
    refused = town.technician().post(f"/v1/offers/{mine[1].id}/accept", overlap)
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_eligible"
    assert "free" in refused.json()["rules"]


def test_a_draft_waits_until_it_is_published(town):
    draft = town.staff.post("/v1/jobs", town.job_body(is_draft=True)).json()
    assert draft["state"] == "draft"
    assert town.world.send_waves() == 0
    assert town.staff.post(f"/v1/jobs/{draft['id']}/publish").json()["state"] == "open"
    assert town.world.send_waves() == 1
    assert town.staff.post(f"/v1/jobs/{draft['id']}/publish").status_code == 409


def test_a_held_job_asks_nobody_until_it_is_resumed(town):
    job, offers = town.offered()
    held = town.staff.post(f"/v1/jobs/{job['id']}/hold", {"why": "waiting_for_parts"})
    assert held.json()["state"] == "on_hold"
    assert town.by_id(offers[0].technician_id).get("/v1/offers?state=live").json()["items"] == []
    assert town.staff.post(f"/v1/jobs/{job['id']}/resume").json()["state"] == "open"
    assert town.world.send_waves() == 1


def test_posting_the_same_number_again_returns_the_same_job(town):
    body = town.job_body(number="WO-7")
    first, again = town.staff.post("/v1/jobs", body), town.staff.post("/v1/jobs", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert town.stranger.post("/v1/jobs", body | {"site_id": str(town.globex_site)}).status_code == 201


def test_a_bundle_is_taken_whole(town):
    bundle = town.staff.post("/v1/bundles", {"name": "two stores"}).json()
    later = town.world.start + timedelta(hours=5)
    window = {"start_at": later.isoformat(), "end_at": (later + timedelta(hours=4)).isoformat()}
    jobs = [town.posted(bundle_id=bundle["id"]), town.posted(bundle_id=bundle["id"], window=window)]
    town.world.send_waves()
    mine = [each for each in town.world.offers() if each.technician_id == town.world.technicians[0]]
    yes = {"offers": [{"offer_id": str(each.id), "terms_version": 1} for each in mine]}
    taken = town.technician().post(f"/v1/bundles/{bundle['id']}/accept", yes)
    assert taken.status_code == 200, taken.text
    assert [each["outcome"] for each in taken.json()["answers"]] == ["assigned", "assigned"]
    assert town.staff.get(f"/v1/bundles/{bundle['id']}").json()["num_jobs"] == 2
    states = {each["state"] for each in town.staff.get(f"/v1/jobs?bundle_id={bundle['id']}").json()["items"]}
    assert states == {"assigned"}
    assert len(jobs) == 2
    other = next(each for each in town.world.offers() if each.technician_id != town.world.technicians[0])
    theirs = [each for each in town.world.offers() if each.technician_id == other.technician_id]
    late = town.by_id(other.technician_id).post(
        f"/v1/bundles/{bundle['id']}/accept",
        {"offers": [{"offer_id": str(each.id), "terms_version": 1} for each in theirs]},
    )
    assert late.status_code == 409
    assert late.json()["code"] == "taken"
