"""What the work needs and what proves it: parts that come or don't, checklists, a site that asks for more."""

from datetime import UTC, datetime, timedelta

from pictures import PDF, photo, picture

PHOTO = {"code": "after", "kind": "photo", "label": "The unit, closed"}
SERIAL = {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-####"}
READING = {"code": "pressure", "kind": "reading", "label": "Pressure", "unit": "psi", "low": 60, "high": 75}
SIGNATURE = {"code": "signed", "kind": "signature", "label": "The manager signs"}
CHECK = {"code": "clean", "kind": "check", "label": "The place is clean", "is_required": False}


def test_a_visit_whose_part_is_not_there_is_flagged_before_anyone_drives_and_cleared_when_it_comes(story):
    given = story.assigned()
    motor = given.needs_part(item="Blower motor", carrier="UPS", tracking="1Z999", state="shipped", note="At bay 3")
    assert story.sweeps_quietly() == []
    story.brings_near(given, hours=20)
    assert story.sweeps_quietly() == ["part_missing"]
    assert given.technician.get("/v1/visits").json()["items"][0]["is_part_missing"] is True
    shown = given.technician.get(f"{given.visit}/parts").json()
    [part] = shown["parts"]
    assert (shown["is_part_missing"], part["tracking"], part["note"]) == (True, "1Z999", "At bay 3")
    assert story.sweeps_quietly() == ["part_missing"], "one alarm, not two"
    came = given.technician.post(f"/v1/parts/{motor}/receive", {})
    assert came.json()["state"] == "received"
    assert story.open_alarms() == []
    assert given.technician.get(f"{given.visit}/parts").json()["is_part_missing"] is False


def test_a_part_that_was_lost_is_ordered_again_and_the_old_one_goes_back_with_a_label(story):
    given = story.assigned()
    motor = given.needs_part(item="Blower motor", state="ordered")
    assert given.technician.post(f"/v1/parts/{motor}/lose", {"note": "Not at the door"}).json()["state"] == "lost"
    assert given.staff.post(f"/v1/parts/{motor}/order", {"carrier": "FedEx"}).json()["carrier"] == "FedEx"
    given.technician.post(f"/v1/parts/{motor}/receive", {})
    label = given.staff.send(PDF, kind="document", job_id=given.job["id"]).json()["id"]
    old = given.needs_part(item="Old motor", state="to_return", label_file_id=label)
    seen = given.technician.get(f"/v1/parts/{old}").json()
    assert given.technician.get(f"/v1/files/{seen['label_file_id']}").content == PDF
    assert seen["moves"] == ["give-back"]
    back = given.technician.post(f"/v1/parts/{old}/give-back", {"tracking": "RET-1"}).json()
    assert (back["state"], back["tracking"]) == ("returned", "RET-1")


def test_the_checklist_of_the_job_type_blocks_done_until_all_of_it_is_handed_in(story):
    story.wants("hardware", PHOTO, SERIAL, READING, SIGNATURE, CHECK)
    given = story.assigned()
    story.wants("hardware", CHECK)
    given.does("check-in")
    given.hands_in("serial", written="SN-0042")
    given.hands_in("pressure", number=58.5)
    given.does("check-out")
    refused = given.technician.post(f"{given.job_url}/finish")
    assert (refused.status_code, refused.json()["code"]) == (409, "deliverables_missing")
    assert [each["item"] for each in refused.json()["missing"]] == ["after", "signed"]
    given.hands_in("after", file_id=given.sends(photo()))
    given.hands_in("signed", file_id=given.sends(picture("PNG"), kind="signature"), written="Rosa Marsh")
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"
    checklist = given.staff.get(f"{given.job_url}/deliverables").json()
    assert checklist["is_complete"] is True
    reading = next(each for each in checklist["deliverables"] if each["item"] == "pressure")
    assert (reading["number"], reading["is_within"]) == (58.5, False)


def test_whoever_is_there_hands_in_while_a_second_place_is_still_open(story):
    pay = {"amount": "140.00"}
    given = story.assigned(deliverables=[CHECK], slots=[{"role": "technician", "count": 2, "pay": pay}])
    given.does("check-in")
    assert given.state() == "open"
    assert given.hands_in("clean", is_ok=True)


def test_a_signature_that_nobody_gives_is_replaced_by_why(story):
    given = story.assigned(deliverables=[SIGNATURE])
    given.does("check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 409
    given.hands_in("signed", outcome="nobody_there", why="store_closed")
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"


def test_one_photo_is_sent_back_with_a_due_date_and_comes_again_while_both_are_kept(story):
    given = story.assigned(deliverables=[PHOTO, SERIAL])
    given.does("check-in")
    blurred = given.hands_in("after", file_id=given.sends(photo()))
    number = given.hands_in("serial", written="SN-0042")
    given.does("check-out")
    given.technician.post(f"{given.job_url}/finish")
    assert given.staff.post(f"/v1/deliverables/{number}/pass").json()["state"] == "passed"
    due = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    back = given.staff.post(
        f"/v1/deliverables/{blurred}/send-back", {"why": "blurred", "note": "Show the plate", "due_at": due}
    )
    assert (back.status_code, back.json()["judged_note"]) == (200, "Show the plate")
    assert given.state() == "sent_back"
    assert [each["deliverable"] for each in given.staff.get(given.job_url).json()["sent_back"]["items"]] == [blurred]
    missing = given.technician.get(f"{given.job_url}/deliverables").json()["missing"]
    assert [(each["item"], each["num_sent_back"]) for each in missing] == [("after", 1)]
    assert given.technician.post(f"{given.job_url}/finish").status_code == 409
    given.hands_in("after", file_id=given.sends(picture(size=(60, 30))), replaces=blurred)
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"
    versions = given.staff.get(f"{given.job_url}/deliverables").json()["deliverables"]
    assert [(each["version"], each["state"]) for each in versions if each["item"] == "after"] == [
        (1, "sent_back"),
        (2, "submitted"),
    ]
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"


def test_more_time_is_asked_for_granted_and_moves_the_end(story):
    given = story.assigned()
    given.does("check-in")
    asked = given.asks(kind="more_time", minutes=45, note="The panel is rusted shut")
    assert "within 15 minutes" in asked["words"]
    assert "you are paid up to 140.00 USD" in asked["words"]
    assert story.open_alarms() == ["request_waiting"]
    before = given.planned_end()
    granted = given.staff.post(f"/v1/site-requests/{asked['id']}/grant", {"minutes": 30, "amount": "25.00"}).json()
    assert (granted["state"], granted["granted_minutes"], granted["granted_amount"]) == ("granted", 30, "25.00")
    assert given.planned_end() - before == timedelta(minutes=30)
    assert story.open_alarms() == []
    seen = given.technician.get("/v1/site-requests").json()["items"][0]
    assert seen["words"] == "You have 30 minutes more. 25.00 is added to your pay."
    assert "you are paid up to 165.00 USD" in given.asks(kind="second_person")["words"]


def test_nobody_answers_and_the_rule_that_was_stated_holds(story):
    given = story.assigned(day_policy={"requests": {"answer_min": 10}})
    given.does("check-in")
    asked = given.asks(kind="different_skill", skill="wifi")
    story.lets_requests_wait(minutes=11)
    late = given.staff.post(f"/v1/site-requests/{asked['id']}/grant", {})
    assert late.status_code == 409
    assert story.sweeps_quietly() == ["request_unanswered"]
    seen = given.technician.get("/v1/site-requests?state=unanswered").json()["items"][0]
    assert seen["words"].startswith("Nobody answered within 10 minutes. You may stop now")
    assert seen["words"].endswith("paid up to 140.00 USD.")
    assert given.staff.post(f"/v1/site-requests/{asked['id']}/refuse", {"why": "late"}).status_code == 409
    given.does("check-out")
    assert story.sweeps_quietly() == []


def test_a_second_person_is_granted_asked_and_comes(story):
    given = story.assigned()
    given.does("check-in")
    asked = given.asks(kind="second_person")
    granted = given.staff.post(
        f"/v1/site-requests/{asked['id']}/grant", {"slot": {"role": "helper", "pay": {"amount": "60.00"}}}
    )
    assert granted.status_code == 200, granted.text
    story.town.world.send_waves()
    offer = next(each for each in story.town.world.offers() if each.role == "helper")
    assert offer.technician_id != given.technician_id
    helper = story.town.by_id(offer.technician_id)
    won = helper.post(f"/v1/offers/{offer.id}/accept", {"terms_version": offer.terms_version})
    assert won.json()["outcome"] == "assigned", won.text
    job = given.staff.get(given.job_url).json()
    assert [(each["role"], each["state"]) for each in job["visits"][0]["slots"]] == [
        ("technician", "filled"),
        ("helper", "filled"),
    ]
    assert job["state"] == "in_progress"


def test_a_part_asked_for_on_site_is_put_on_order_and_comes_with_the_next_visit(story):
    given = story.assigned()
    given.does("check-in")
    asked = given.asks(kind="part", item="Contactor 40 A", quantity=2)
    granted = given.staff.post(
        f"/v1/site-requests/{asked['id']}/grant", {"is_return": True, "part": {"carrier": "UPS"}}
    ).json()
    assert granted["words"] == (
        "The part is on order. It comes with the next visit: check out and say that you must return."
    )
    part = given.staff.get(f"/v1/parts/{granted['part_id']}").json()
    assert (part["item"], part["quantity"], part["state"], part["carrier"]) == ("Contactor 40 A", 2, "ordered", "UPS")
    ended = given.technician.post(
        f"{given.visit}/check-out", {"outcome": "return_needed", "why": "part", "note": "The contactor is burnt"}
    ).json()
    following = given.staff.get(f"/v1/visits/{ended['next_visit_id']}/parts").json()
    assert (following["is_part_missing"], following["parts"][0]["id"]) == (True, granted["part_id"])
    assert given.staff.get(f"{given.visit}/parts").json()["is_part_missing"] is False
