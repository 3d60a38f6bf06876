"""What cannot be: parts, checklists, proofs and requests that make no sense, each refused with the way out."""

from datetime import timedelta

import pytest
from pictures import PDF, photo, picture
from sqlalchemy import select

from dispatch.record.tables import EventRow

PHOTO = {"code": "after", "kind": "photo", "label": "The unit, closed", "min_count": 2}
SERIAL = {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-##@?"}
SIGNATURE = {"code": "signed", "kind": "signature", "label": "The manager signs"}
READING = {"code": "pressure", "kind": "reading", "label": "Pressure", "low": 1, "high": 2}
CHECK = {"code": "clean", "kind": "check", "label": "Clean", "is_required": False}
LABEL = {"code": "label", "kind": "return_label", "label": "The parcel with its label", "is_required": False}


def taken(town, **more):
    job, offers = town.offered(**more)
    technician = town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    return job["id"], won["visit_id"], technician


@pytest.fixture(scope="module")
def work(calm_town):
    """A job with a checklist whose technician is checked in: (job, visit, technician)."""
    found = taken(calm_town, deliverables=[PHOTO, SERIAL, SIGNATURE, READING, CHECK, LABEL])
    found[2].post(f"/v1/visits/{found[1]}/check-in")
    return found


def wrong(answer, path):
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == path


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"item": "Motor", "quantity": 0}, "/quantity"),
        ({"item": "Motor", "quantity": 10_001}, "/quantity"),
        ({"item": ""}, "/item"),
        ({"item": "Motor\u202e"}, "/item"),
        ({"item": "Motor", "ship_to": "moon"}, "/ship_to"),
        ({"item": "Motor", "state": "received"}, "/state"),
        ({"item": "Motor", "expected_at": "2027-03-01T09:00:00"}, "/expected_at"),
        ({"item": "Motor", "visit_id": "01973b2e-7c1a-7000-8000-0000000000a1"}, "/visit_id"),
        ({"item": "Motor", "label_file_id": "01973b2e-7c1a-7000-8000-0000000000a1"}, "/label_file_id"),
    ],
)
def test_a_part_that_makes_no_sense_is_refused(calm_town, work, part, path):
    wrong(calm_town.staff.post(f"/v1/jobs/{work[0]}/parts", part), path)


def test_a_part_of_another_jobs_visit_or_with_anothers_label_is_refused(calm_town, work):
    other_job, other_visit, _ = taken(calm_town)
    wrong(calm_town.staff.post(f"/v1/jobs/{work[0]}/parts", {"item": "M", "visit_id": other_visit}), "/visit_id")
    label = calm_town.staff.send(PDF, kind="document", job_id=other_job).json()["id"]
    wrong(calm_town.staff.post(f"/v1/jobs/{work[0]}/parts", {"item": "M", "label_file_id": label}), "/label_file_id")


def test_each_part_moves_as_its_table_says_and_says_what_is_possible(calm_town, work):
    staff, technician = calm_town.staff, work[2]
    part = staff.post(f"/v1/jobs/{work[0]}/parts", {"item": "Motor"}).json()
    url = f"/v1/parts/{part['id']}"
    assert part["moves"] == ["order", "ship", "receive", "drop"]
    assert technician.get(url).json()["moves"] == ["receive"]
    refused = staff.post(f"{url}/lose", {})
    assert (refused.status_code, refused.json()["moves"]) == (409, ["order", "ship", "receive", "drop"])
    assert technician.post(f"{url}/ship", {}).status_code == 403
    assert calm_town.technician(7).post(f"{url}/receive", {}).status_code == 404
    assert technician.post(f"{url}/receive", {}).status_code == 200
    assert technician.post(f"{url}/receive", {}).status_code == 409
    assert staff.post(f"{url}/call-back", {}).json()["state"] == "to_return"
    with calm_town.world.as_engine() as (session, _):
        told = select(EventRow.kind, EventRow.data).where(EventRow.subject_id == part["id"]).order_by(EventRow.seq)
        assert [row.kind for row in session.execute(told)] == ["added", "received", "called_back"]


def test_what_is_known_of_a_part_is_changed_by_its_newest_version_only(calm_town, work):
    staff = calm_town.staff
    made = staff.post(f"/v1/jobs/{work[0]}/parts", {"item": "Motor"})
    url = made.headers["Location"]
    changed = staff.patch(url, {"tracking": "1Z"}, made.headers["ETag"])
    assert (changed.status_code, changed.json()["tracking"]) == (200, "1Z")
    assert staff.patch(url, {"tracking": "2Z"}, made.headers["ETag"]).status_code == 412
    assert staff.patch(url, {"tracking": "2Z"}).status_code == 428
    assert staff.patch(url, {}, changed.headers["ETag"]).status_code == 422
    assert calm_town.stranger.patch(url, {"tracking": "2Z"}, changed.headers["ETag"]).status_code == 404


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ([PHOTO, PHOTO], "/items/1/code"),
        ([PHOTO | {"kind": "video"}], "/items/0/kind"),
        ([PHOTO | {"min_count": 0}], "/items/0/min_count"),
        ([PHOTO | {"unit": "psi"}], "/items/0/unit"),
        ([PHOTO | {"pattern": "##"}], "/items/0/pattern"),
        ([READING | {"low": 3}], "/items/0/low"),
        ([PHOTO | {"code": str(num)} for num in range(51)], "/items"),
        ([PHOTO | {"code": "a b"}], "/items/0/code"),
    ],
)
def test_a_checklist_that_makes_no_sense_is_refused(calm_town, items, path):
    wrong(calm_town.staff.post("/v1/deliverable-templates", {"job_type": "odd", "items": items}), path)
    named = calm_town.staff.post("/v1/jobs", calm_town.job_body(deliverables=items))
    wrong(named, path.replace("/items", "/deliverables"))


def test_a_new_version_of_a_checklist_counts_for_new_jobs_only(calm_town):
    for items in ([CHECK], [CHECK, SERIAL], []):
        calm_town.staff.post("/v1/deliverable-templates", {"job_type": "kiosk", "items": items})
        job = calm_town.posted(job_type="kiosk")
        found = calm_town.staff.get(f"/v1/jobs/{job['id']}/deliverables").json()["items"]
        assert [each["code"] for each in found] == [each["code"] for each in items]
    versions = calm_town.staff.get("/v1/deliverable-templates?job_type=kiosk").json()["items"]
    assert [each["version"] for each in versions] == [3, 2, 1]
    assert calm_town.stranger.get("/v1/deliverable-templates").json()["items"] == []
    named = calm_town.posted(job_type="kiosk", deliverables=[SERIAL])
    found = calm_town.staff.get(f"/v1/jobs/{named['id']}/deliverables").json()
    assert [each["item"] for each in found["missing"]] == ["serial"]


@pytest.mark.parametrize(
    ("handed", "path"),
    [
        ({"item": "before", "is_ok": True}, "/item"),
        ({"item": "clean"}, "/is_ok"),
        ({"item": "clean", "is_ok": True, "number": 3}, "/number"),
        ({"item": "clean", "is_ok": "yes"}, "/is_ok"),
        ({"item": "serial", "written": "SN-1"}, "/written"),
        ({"item": "serial", "written": "SN-12a!"}, "/written"),
        ({"item": "serial"}, "/written"),
        ({"item": "pressure", "number": "high"}, "/number"),
        ({"item": "after", "is_ok": True}, "/file_id"),
        ({"item": "after", "file_id": "01973b2e-7c1a-7000-8000-0000000000a1"}, "/file_id"),
        ({"item": "after", "outcome": "refused", "why": "no_time"}, "/file_id"),
        ({"item": "signed", "outcome": "refused"}, "/why"),
        ({"item": "signed", "why": "no_time"}, "/file_id"),
        ({"item": "signed", "outcome": "asleep", "why": "late"}, "/outcome"),
        ({"item": "clean", "is_ok": True, "replaces": "01973b2e-7c1a-7000-8000-0000000000a1"}, "/replaces"),
    ],
)
def test_what_the_item_does_not_ask_for_is_refused(work, handed, path):
    wrong(work[2].post(f"/v1/visits/{work[1]}/deliverables", handed), path)


def test_a_photo_proves_once_and_only_as_what_it_is(calm_town, work):
    job, visit, technician = work
    url = f"/v1/visits/{visit}/deliverables"
    document = technician.send(PDF, kind="document", visit_id=visit).json()["id"]
    wrong(technician.post(url, {"item": "after", "file_id": document}), "/file_id")
    other = calm_town.staff.send(photo(), kind="photo").json()["id"]
    wrong(technician.post(url, {"item": "after", "file_id": other}), "/file_id")
    first, same = (technician.send(picture(), kind="photo", visit_id=visit).json()["id"] for _ in range(2))
    assert technician.post(url, {"item": "after", "file_id": first}).status_code == 201
    wrong(technician.post(url, {"item": "after", "file_id": same}), "/file_id")
    lacking = calm_town.staff.get(f"/v1/jobs/{job}/deliverables").json()["missing"][0]
    assert (lacking["item"], lacking["num_needed"], lacking["num_given"]) == ("after", 2, 1)
    assert technician.post(url, {"item": "label", "file_id": document}).status_code == 201


def test_only_who_is_on_the_visit_hands_in_and_only_the_client_judges(calm_town, work):
    handed = {"item": "clean", "is_ok": True}
    url = f"/v1/visits/{work[1]}/deliverables"
    assert calm_town.technician(7).post(url, handed).status_code == 404
    assert calm_town.stranger.post(url, handed).status_code == 404
    made = work[2].post(url, handed).json()["id"]
    assert work[2].post(f"/v1/deliverables/{made}/pass").status_code == 403
    assert calm_town.stranger.post(f"/v1/deliverables/{made}/pass").status_code == 404
    late = (calm_town.world.start - timedelta(days=30)).isoformat()
    wrong(calm_town.staff.post(f"/v1/deliverables/{made}/send-back", {"why": "dirty", "due_at": late}), "/due_at")
    assert calm_town.staff.post(f"/v1/deliverables/{made}/pass").status_code == 200
    assert calm_town.staff.post(f"/v1/deliverables/{made}/send-back", {"why": "dirty"}).status_code == 409
    replaced = work[2].post(url, handed | {"replaces": made})
    assert (replaced.status_code, replaced.json()["state"]) == (409, "passed")


def test_who_was_only_asked_reads_no_checklist(calm_town, work):
    asked = [each for each in calm_town.world.offers() if str(each.job_id) == work[0]]
    stranger = calm_town.by_id(asked[1].technician_id)
    assert stranger.get(f"/v1/jobs/{work[0]}/deliverables").status_code == 404
    assert work[2].get(f"/v1/jobs/{work[0]}/deliverables").status_code == 200


def test_who_leaves_shows_files_of_this_job_only(town):
    _, visit, technician = taken(town)
    technician.post(f"/v1/visits/{visit}/check-in")
    others = town.staff.send(PDF, kind="document").json()["id"]
    mine = technician.send(picture(), kind="photo", visit_id=visit).json()["id"]
    ending = {"outcome": "could_not_start", "why": "no_access"}
    wrong(technician.post(f"/v1/visits/{visit}/check-out", ending | {"evidence": [mine, others]}), "/evidence/1")
    assert technician.post(f"/v1/visits/{visit}/check-out", ending | {"evidence": [mine]}).status_code == 200


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"kind": "more_time"}, "/minutes"),
        ({"kind": "more_time", "minutes": 0}, "/minutes"),
        ({"kind": "more_time", "minutes": 1441}, "/minutes"),
        ({"kind": "more_time", "minutes": 30, "skill": "wifi"}, "/skill"),
        ({"kind": "part"}, "/item"),
        ({"kind": "different_skill"}, "/skill"),
        ({"kind": "different_skill", "skill": "alchemy"}, "/skill"),
        ({"kind": "coffee"}, "/kind"),
        ({"kind": "second_person", "quantity": 2}, "/"),
    ],
)
def test_a_request_that_does_not_say_what_is_needed_is_refused(work, wish, path):
    wrong(work[2].post(f"/v1/visits/{work[1]}/site-requests", wish), path)


def test_only_who_is_checked_in_asks_once_for_the_same(calm_town, work):
    _, visit, technician = taken(calm_town)
    early = technician.post(f"/v1/visits/{visit}/site-requests", {"kind": "second_person"})
    assert (early.status_code, early.json()["wish"]) == (409, "ask from the site")
    url = f"/v1/visits/{work[1]}/site-requests"
    assert calm_town.technician(7).post(url, {"kind": "second_person"}).status_code == 404
    assert calm_town.staff.post(url, {"kind": "second_person"}).status_code == 403
    asked = work[2].post(url, {"kind": "second_person"}).json()
    assert work[2].post(url, {"kind": "second_person"}).status_code == 409
    mine = f"/v1/site-requests/{asked['id']}"
    assert calm_town.staff.get("/v1/site-requests?state=waiting").json()["items"][0]["moves"] == ["grant", "refuse"]
    assert calm_town.technician(7).get("/v1/site-requests").json()["items"] == []
    assert calm_town.technician(7).post(f"{mine}/withdraw").status_code == 404
    wrong(calm_town.staff.post(f"{mine}/grant", {"minutes": 10}), "/minutes")
    wrong(calm_town.staff.post(f"{mine}/grant", {"part": {"item": "Belt"}}), "/part")
    wrong(calm_town.staff.post(f"{mine}/grant", {"slot": {"role": "technician", "pay": {"amount": "1"}}}), "/slot/role")
    euros = {"slot": {"role": "helper", "pay": {"amount": "10", "currency": "EUR"}}}
    wrong(calm_town.staff.post(f"{mine}/grant", euros), "/slot/pay/currency")
    assert work[2].post(f"{mine}/withdraw").json()["state"] == "withdrawn"
    assert work[2].post(f"{mine}/withdraw").status_code == 409
    assert calm_town.staff.post(f"{mine}/refuse", {"why": "late"}).status_code == 409
    assert work[2].post(url, {"kind": "second_person"}).status_code == 201


def test_more_time_stops_where_the_next_work_begins(town):
    first, second = town.posted(), town.posted()
    town.world.send_waves()
    mine = [each for each in town.world.offers() if each.technician_id == town.world.technicians[0]]
    assert {str(each.job_id) for each in mine} == {first["id"], second["id"]}
    at = {"terms_version": 1, "start_at": town.world.start.isoformat()}
    won = town.technician().post(f"/v1/offers/{mine[0].id}/accept", at).json()
    later = at | {"start_at": (town.world.start + timedelta(minutes=120)).isoformat()}
    following = town.technician().post(f"/v1/offers/{mine[1].id}/accept", later).json()
    assert following["outcome"] == "assigned"
    town.technician().post(f"/v1/visits/{won['visit_id']}/check-in")
    wish = {"kind": "more_time", "minutes": 30}
    asked = town.technician().post(f"/v1/visits/{won['visit_id']}/site-requests", wish).json()
    refused = town.staff.post(f"/v1/site-requests/{asked['id']}/grant", {})
    assert (refused.status_code, refused.json()["rules"]) == (409, ["free"])
    assert f"visit {following['visit_id']} of yours: at most 0 minutes" in refused.json()["detail"]
    assert town.staff.get("/v1/site-requests?state=waiting").json()["items"][0]["id"] == asked["id"]
    refused = town.staff.post(f"/v1/site-requests/{asked['id']}/refuse", {"why": "next_job"}).json()
    assert (refused["state"], refused["why"]) == ("refused", "next_job")
