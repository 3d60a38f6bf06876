"""The operator's pages: what waits for a review, who is heard first, who decides, what is handed on as evidence."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Devices
from dressed import DISPATCHER, OPERATOR, Dressed, done
from pictures import photo
from playwright.sync_api import expect
from signing import add_staff
from sitting import fits, goes, in_panel, sits_down
from sqlalchemy import update

from dispatch.audit.bundle import verify_bundle
from dispatch.record.tables import CredentialKindRow, CredentialRow, RemovalRow
from dispatch.screening.protocol import Result
from dispatch.screening.results import take_result

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
SHOTS = os.environ.get("TRUCKROLL_SHOTS")
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
CANARY = "<img src=x onerror=\"document.title='owned'\">"


def test_the_named_person_decides_what_both_sides_have_stated_and_both_read_why(devices: Devices, acme: Dressed):
    ray = devices.address_of(devices.town.world.technicians[1])
    with devices.device(DESK) as rosa, devices.device() as phone, devices.device(DESK, "dark") as olga:
        sits_down(devices, rosa, DISPATCHER)
        goes(rosa, "Approvals")
        rosa.sees("Ray Diaz")
        rosa.presses("State it anew")
        expect(rosa.page.get_by_label("What happened")).to_have_value("Left after an hour")
        rosa.page.get_by_label("What happened").fill(f"Left after an hour, the frame still open. {CANARY}")
        rosa.page.get_by_label("Add a photo or PDF").set_input_files(_photo_file())
        rosa.sees("Evidence 1")
        assert rosa.barriers() == []
        in_panel(rosa, "State your side")
        expect(rosa.page.get_by_role("img", name="Evidence 1")).not_to_have_js_property("naturalWidth", 0)

        devices.sign_in(phone, ray)
        phone.opens("/phone/money")
        phone.page.locator("summary").filter(has_text="Seal the door frame").click()
        phone.sees("Left after an hour, the frame still open.")
        phone.sees("Nothing yet.")
        assert phone.barriers() == []
        phone.presses("State your side")
        phone.page.get_by_label("What happened").fill(f"Two hours, see the log. {CANARY}")
        phone.page.get_by_label("Pay that is right, in USD").fill("140")
        phone.page.get_by_label("Add a photo or PDF").set_input_files(_photo_file())
        phone.sees("Evidence 1")
        assert phone.barriers() == []
        in_panel(phone, "State your side")
        phone.sees("State it anew")
        phone.heard()

        sits_down(devices, olga, OPERATOR)
        goes(olga, "Disputes")
        olga.sees("$80 is not disputed: due or paid already")
        olga.sees(f"Two hours, see the log. {CANARY}")
        expect(olga.page.get_by_role("img", name="Evidence 1")).to_have_count(2)
        assert olga.barriers() == []
        add_staff(devices.town, "operator", "ned@truckroll.example", "Ned Okafor")
        for other in ("Ned Okafor", "Olga Brandt"):
            olga.presses(f"Name another person: {acme.jobs['disputed']}")
            olga.page.get_by_label("Who decides").select_option(other)
            olga.page.get_by_label("They are away").check()
            assert olga.barriers() == []
            if SHOTS:
                olga.page.screenshot(path=Path(SHOTS) / "name-decider.png", full_page=True)
            in_panel(olga, "Name another person")
            olga.sees(f"{other} decides")
            mine = olga.page.get_by_role("button", name=f"Decide: {acme.jobs['disputed']}")
            expect(mine).to_have_count(int(other == "Olga Brandt"))
        olga.presses(f"Decide: {acme.jobs['disputed']}")
        olga.page.get_by_label("A part").check()
        olga.page.get_by_label("For the technician, in USD").fill("20,00")
        olga.sees("$20 to Ray Diaz, $40 back to Acme service.")
        olga.page.get_by_label("Why, for both sides").fill("The log shows an hour and a quarter.")
        assert olga.barriers() == []
        in_panel(olga, "Decide")
        olga.sees("Nothing to decide")
        olga.page.get_by_label("Decided", exact=True).check()
        olga.sees("Decided: $20 for the technician")

        for side in (rosa, phone):
            side.page.reload()
            if side is phone:
                phone.page.locator("summary").filter(has_text="Seal the door frame").click()
            side.sees("Decided: $20 for the technician")
            side.sees("Olga Brandt: The log shows an hour and a quarter.")
            expect(side.page.get_by_role("button", name="State it anew")).to_have_count(0)


def test_the_operator_looks_before_they_verify_answers_and_hands_on_evidence(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, OPERATOR)
        goes(desk, "Reviews")
        desk.sees("site briefing")
        expect(desk.page.get_by_role("button", name="It is genuine")).to_be_disabled()
        desk.presses("Look at the pages")
        page = desk.page.get_by_role("img", name="Page 1")
        expect(page).not_to_have_js_property("naturalWidth", 0)
        desk.presses("It is genuine")
        desk.sees("See that the days are those of the proof itself")
        in_panel(desk, "It is genuine")
        desk.sees("No proof waits")
        desk.presses("Answer")
        desk.page.get_by_label("It stays as it is").check()
        desk.page.get_by_label("In words, for the technician").fill("Nine others were nearer or had better marks.")
        in_panel(desk, "Answer")
        desk.sees("Nobody asked for a second look")
        desk.presses("Review it")
        in_panel(desk, "Review it")
        desk.sees("being reviewed")
        assert desk.barriers() == []

        goes(desk, "Clients")
        desk.presses("Decline: Initech field services")
        desk.page.get_by_label("Papers are missing").check()
        in_panel(desk, "Decline")
        desk.sees("Declined")
        assert desk.barriers() == []
        desk.presses("Approve: Initech field services")
        desk.page.get_by_label("Version").fill("2026-01")
        desk.page.get_by_label("Accepted by").fill("Sam Lopez")
        text = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"}
        desk.page.get_by_label("Or the text itself, as a file").set_input_files(text)
        # The hash of "abc", as FIPS 180-2 gives it.
        expect(desk.page.get_by_label("Hash of its text (SHA-256)")).to_have_value(
            re.compile("^ba7816bf8f01cfea.*15ad$")
        )
        desk.page.get_by_label("Pays outside Truckroll").check()
        assert desk.barriers() == []
        in_panel(desk, "Approve")
        desk.sees("Pays outside Truckroll")
        desk.sees("Agreement 2026-01, accepted by Sam Lopez")
        goes(desk, "Rules")
        desk.sees("holds today")
        expect(desk.page.locator("del", has_text="600").first).to_be_visible()
        assert desk.barriers() == []
        goes(desk, "Evidence")
        desk.presses("Verify: Acme service")
        desk.sees("Complete:")
        desk.page.get_by_label("Work order number").fill(acme.jobs["late"])
        desk.presses("Make the file")
        with desk.page.expect_download() as download:
            desk.follows("Download")
        assert verify_bundle(download.value.path().read_bytes()).is_whole
        assert desk.barriers() == []
    [review] = done(acme.operator.get("/v1/reviews?state=rejected"))["items"]
    assert (review["about"], review["answer"]) == ("decision", "Nine others were nearer or had better marks.")


def test_pages_of_the_operator_are_no_ones_else_and_an_empty_desk_says_how_to_begin(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, DISPATCHER)
        expect(desk.page.get_by_role("link", name="Compliance")).to_have_count(0)
        desk.opens("/desk/operator/reviews")
        desk.sees("It is not there, or not for you.")
        assert desk.barriers() == []


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_operator_writes_down_what_a_proof_says_beside_what_was_handed_in(
    devices: Devices, acme: Dressed, size: dict[str, int], scheme: str
):
    town = devices.town
    kind = {"code": "liability", "name": "Liability insurance", "family": "insurance"}
    done(acme.operator.post("/v1/credential-kinds", kind))
    days = {"valid_from": "2026-01-01", "valid_until": str(datetime.now().astimezone().date() + timedelta(days=200))}
    facts = {"named_insured": "Someone Else", "per_occurrence": "500000", "aggregate": "1000000", "currency": "USD"}
    path = f"/v1/technicians/{town.world.technicians[5]}/credentials"
    proof = {"kind": "liability", "evidence": "Policy 77", "facts": facts, **days}
    made = done(town.technician(5).post(path, proof))
    with devices.device(size, scheme=scheme) as desk:
        sits_down(devices, desk, OPERATOR)
        desk.opens("/desk/operator/reviews")
        row = desk.page.get_by_role("listitem").filter(has_text="Policy 77")
        row.get_by_role("button", name="It is genuine").click()
        panel = desk.page.get_by_role("dialog")
        expect(panel.get_by_text("Handed in: Someone Else")).to_be_visible()
        expect(panel.get_by_label("Covered each time")).to_have_value("500000")
        panel.get_by_label("Covered each time").fill("1,000,000")
        panel.get_by_label("Last day").fill("2025-12-31")
        panel.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
        expect(panel.get_by_text("the last is not before the first")).to_be_visible()
        panel.get_by_label("Last day").fill(days["valid_until"])
        panel.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Who is insured")).to_have_attribute("aria-invalid", "true")
        expect(panel.get_by_text("This must be the legal name")).to_be_visible()
        assert desk.barriers() == []
        assert fits(desk)
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / f"verify-{scheme}.png")
        desk.page.keyboard.press("Escape")
        desk.page.reload()
        row.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Covered each time")).to_have_value("1,000,000")
        panel.get_by_label("Who is insured").fill(acme.town.technician(5).get("/v1/me").json()["name"])
        in_panel(desk, "It is genuine")
        expect(row).to_have_count(0)
    (kept,) = [each for each in done(acme.operator.get(path))["items"] if each["id"] == made["id"]]
    assert (kept["state"], kept["facts"]["per_occurrence"]) == ("verified", "1000000")


def test_notice_of_a_removal_goes_with_the_copy_and_is_answered_from_a_phone_without_a_network(
    devices: Devices, acme: Dressed
):
    town, who, num = devices.town, devices.town.world.technicians[5], 5
    days = {"valid_from": "2026-01-01", "valid_until": str(datetime.now().astimezone().date() + timedelta(days=200))}
    path = f"/v1/technicians/{who}/credentials"
    made = done(town.technician(num).post(path, {"kind": "background_check", "evidence": "Report 9", **days}))
    with town.world.as_engine() as (session, _):
        family = {"family": "background_check", "is_screening": True}
        session.execute(update(CredentialKindRow).where(CredentialKindRow.code == "background_check").values(family))
        of_vendor = {"vendor": "local", "vendor_ref": "report-9", "vendor_seq": 0}
        session.execute(update(CredentialRow).where(CredentialRow.id == UUID(made["id"])).values(of_vendor))
    for seq, status in enumerate(("clear", "adverse"), 1):
        with town.world.as_engine() as (session, now):
            take_result(session, "local", Result("report-9", seq, status, ("county_7y",), now.date()), now=now)
    with devices.device(DESK) as desk, devices.device(PHONE, scheme="dark") as phone:
        sits_down(devices, desk, OPERATOR)
        desk.opens("/desk/operator/reviews")
        turned = desk.page.get_by_role("listitem").filter(has_text="Report 9")
        expect(turned.get_by_text("Verified, and it counts.")).to_be_visible()
        expect(turned.get_by_role("button", name="It is genuine")).to_have_count(0)
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "turned.png")
        turned.get_by_role("button", name="Give notice").click()
        panel = desk.page.get_by_role("dialog")
        said = panel.get_by_label("What the report says")
        said.fill(f"It names an open case. {CANARY}")
        desk.page.reload()
        turned.get_by_role("button", name="Give notice").click()
        expect(said).to_have_value(f"It names an open case. {CANARY}")
        expect(panel.get_by_label("Why there is no copy")).to_be_visible()
        report = {"name": "report.jpg", "mimeType": "image/jpeg", "buffer": photo()}
        panel.get_by_label("Attach pages").set_input_files([report])
        expect(panel.get_by_label("Why there is no copy")).to_have_count(0)
        assert desk.barriers() == []
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "give-notice.png")
        in_panel(desk, "Send the notice")
        expect(turned).to_have_count(0)
        row = desk.page.get_by_role("listitem").filter(has_text="It names an open case.")
        row.get_by_text("The copy: 1 page").click()
        expect(row.get_by_role("link", name="Page 1")).to_be_visible()

        devices.sign_in(phone, devices.address_of(who), "nav, header button")
        phone.opens("/phone/proofs")
        phone.follows("Notice about a screening")
        phone.sees("Nothing is decided. You can answer.")
        phone.sees(CANARY)
        assert phone.barriers() == []
        assert fits(phone)
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "notice.png", full_page=True)
        link = phone.page.get_by_role("link", name=re.compile("Open.*Page 1")).get_attribute("href")
        copy = phone.page.request.get(f"{phone.url}{link}")
        assert (copy.status, copy.body()[:3]) == (200, b"\xff\xd8\xff")
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        words = phone.page.get_by_label("What is wrong in it")
        words.fill("That is somebody else of my name.")
        phone.page.reload()
        expect(words).to_have_value("That is somebody else of my name.")
        phone.presses("Send my answer")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        assert done(acme.operator.get(f"/v1/technicians/{who}/removals"))[0]["answer"] is None
        phone.offline(False)
        phone.sees("Nothing is decided. A person will read your answer.")
        phone.sees("You answered")
        phone.heard()
        (removal,) = done(acme.operator.get(f"/v1/technicians/{who}/removals"))
        assert (removal["state"], removal["answer"]) == ("answered", "That is somebody else of my name.")
        desk.page.reload()
        desk.sees("That is somebody else of my name.")
        with town.world.as_engine() as (session, now):
            session.execute(update(RemovalRow).where(RemovalRow.id == UUID(removal["id"])).values(respond_by=now))
        row = desk.page.get_by_role("listitem").filter(has_text="It names an open case.")
        row.get_by_role("button", name="Review it").click()
        in_panel(desk, "Review it")
        row.get_by_role("button", name="Make it final").click()
        panel.get_by_role("button", name="Make it final").click()
        weighed = panel.get_by_label("What was weighed")
        assert weighed.evaluate("each => each.validity.valueMissing"), "the last word says what it rests on"
        weighed.fill(f"A theft at work, a year ago; this work is in shops. {CANARY}")
        assert desk.barriers() == []
        for name, size in (("phone", PHONE), ("desk", DESK)):
            desk.page.set_viewport_size({"width": size[0], "height": size[1]})
            assert fits(desk)
            if SHOTS:
                desk.page.screenshot(path=Path(SHOTS) / f"finish-{name}.png")
        in_panel(desk, "Make it final")
        phone.page.reload()
        phone.sees("What was weighed")
        phone.sees(f"A theft at work, a year ago; this work is in shops. {CANARY}")
        assert phone.barriers() == []
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "weighed.png", full_page=True)


def test_a_technician_asks_a_person_to_look_again_without_a_network_and_reads_the_answer(
    devices: Devices, acme: Dressed
):
    _, offers = devices.town.offered(title="Replace the card reader")
    offer = next(each for each in offers if each.technician_id == devices.town.world.technicians[0])
    with devices.device(PHONE) as phone:
        devices.sign_in(phone, devices.address_of(offer.technician_id), "nav, header button")
        phone.opens(f"/phone/offers/{offer.id}")
        phone.page.get_by_text("Ask a person to look again").click()
        phone.sees("A program asked in this order.")
        assert phone.barriers() == []
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        phone.page.get_by_label("What should they look at?").fill(f"I live next door. {CANARY}")
        phone.presses("Ask a person")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        phone.offline(False)
        phone.sees("A person looks at it")
        phone.sees("You have an answer by")
        phone.heard()
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "look.png", full_page=True)
        (review,) = [each for each in done(acme.operator.get("/v1/reviews"))["items"] if each["words"].endswith(CANARY)]
        said = {"verdict": "rejected", "words": "Two others were nearer."}
        done(acme.operator.post(f"/v1/reviews/{review['id']}/answer", said))
        phone.page.reload()
        phone.sees("The answer: Two others were nearer.")
        assert fits(phone)
        # The message of the answer leads to one's record, for the offer is over by then.
        phone.opens("/phone/record")
        phone.sees("Decisions that you asked about")
        phone.sees(f"I live next door. {CANARY}")
        phone.sees("The answer: Two others were nearer.")
        assert phone.barriers() == []
        assert fits(phone)
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "looks.png", full_page=True)


def _photo_file() -> Any:
    return {"name": "frame.jpg", "mimeType": "image/jpeg", "buffer": photo()}
