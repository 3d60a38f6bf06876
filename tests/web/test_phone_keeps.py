"""What does a phone keep? A proof and its pages until they are sent, and nothing of what only the cleared read."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from browsing import PHONE, Device, Devices
from dressed import done
from pictures import PDF, photo
from playwright.sync_api import Request, expect
from town import Caller

from dispatch.record.tables import CredentialRow, new_id

KIND = "site_access"
CANARY = "4471-KANARIENVOGEL#"
CLEARED = {"kinds": [KIND], "texts": [{"name": "alarm_code", "text": CANARY}, {"name": "north_gate", "text": "0815"}]}
#: All that a browser keeps of a page: what its worker, the page itself and the browser's own store have.
KEPT = """async () => {
    const found = [JSON.stringify({ ...localStorage, ...sessionStorage })]
    for (const name of await caches.keys()) {
        const cache = await caches.open(name)
        for (const request of await cache.keys()) found.push(request.url, await (await cache.match(request)).text())
    }
    for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((done, failed) => {
            const asked = indexedDB.open(name)
            asked.onsuccess = () => done(asked.result)
            asked.onerror = failed
        })
        for (const store of database.objectStoreNames) {
            const all = database.transaction(store).objectStore(store).getAll()
            await new Promise((done) => (all.onsuccess = done))
            found.push(JSON.stringify(all.result, (_, each) => (each instanceof Blob ? 'bytes of a file' : each)))
        }
        database.close()
    }
    return found.join('\\n')
}"""

#: What a browser says of its store when the disk is full, until it is emptied.
FILL = """() => {
    const put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = () => { throw new DOMException('The quota is used up.', 'QuotaExceededError') }
    window.empty = () => { IDBObjectStore.prototype.put = put }
}"""


def test_what_only_the_cleared_read_opens_by_a_tap_is_told_and_kept_nowhere(devices: Devices):
    town = devices.town
    _kind(town.key("operator"), KIND, "Site access")
    job, offers = town.offered(cleared=CLEARED)
    who = offers[0].technician_id
    caller, admin = town.by_id(who), town.key("client_admin", client_id=town.world.client)
    won = caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert won.status_code == 200, won.text
    visit, email = won.json()["visit_id"], devices.address_of(who)
    page = f"/phone/visits/{town.world.start.date()}/{visit}"

    def readings() -> list[Any]:
        return [each["actor_id"] for each in admin.get(f"/v1/cleared-readings?job_id={job['id']}").json()["items"]]

    with devices.device() as phone:
        devices.sign_in(phone, email)
        phone.sees("Nothing on this day")
        phone.opens(f"/phone/day/{town.world.start.date()}")
        phone.sees("Something here opens only for you")
        assert phone.barriers() == []
        phone.opens(page)
        phone.sees("Kept here for you: Alarm code, North gate.")
        phone.sees("Whoever opens it needs, in force: Site access.")
        phone.sees("Each time you open it is written down")
        phone.presses("Open it")
        phone.sees("You cannot open it now. It takes, in force today: Site access.")
        assert phone.barriers() == []
        assert (readings(), CANARY in phone.page.content()) == ([], False)

        _holds(devices, who)
        phone.presses("Open it")
        expect(phone.page.get_by_text(CANARY)).to_be_visible()
        phone.sees("That you opened it was written down.")
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert len(readings()) == 1
        events = town.staff.get(f"/v1/jobs/{job['id']}/events").json()["items"]
        [told] = [each["data"] for each in events if each["kind"] == "cleared_read"]
        assert told == {"names": ["alarm_code", "north_gate"]}
        phone.page.evaluate("navigator.serviceWorker.ready")
        kept = phone.page.evaluate(KEPT)
        assert ("north_gate" in kept, CANARY in kept) == (True, False), "the names are kept, no text is"

        phone.offline(True)
        expect(phone.page.get_by_text(CANARY)).to_be_visible()
        phone.page.reload()
        phone.sees("Kept here for you: Alarm code, North gate.")
        phone.sees("It opens only with a network: nothing of it is kept on this phone.")
        expect(phone.page.get_by_text(CANARY)).to_have_count(0)
        expect(phone.page.get_by_role("button", name="Open it", exact=True)).to_have_count(0)
        assert phone.barriers() == []
        phone.offline(False)
        phone.presses("Open it")
        expect(phone.page.get_by_text(CANARY)).to_be_visible()
        phone.presses("Hide it")
        expect(phone.page.get_by_text(CANARY)).to_have_count(0)
        assert len(set(readings())) == 1
        assert len(readings()) == 2, "nothing but a tap opens it"

    with devices.device(PHONE, "dark", locale="es-MX") as phone:
        devices.sign_in(phone, email)
        phone.sees("Nada en este día")
        phone.opens(f"/phone/day/{town.world.start.date()}")
        phone.sees("Aquí hay algo que solo usted abre")
        phone.opens(page)
        phone.sees("Guardado aquí para usted: Código de la alarma, North gate.")
        for wish in ("check-in", "check-out"):
            assert caller.post(f"/v1/visits/{visit}/{wish}").status_code == 200
        phone.presses("Abrirlo")
        phone.sees("Está cerrado para usted")
        assert phone.barriers() == []
        phone.page.reload()
        phone.sees("Ya registró su salida: no se abre más.")
        phone.opens(f"/phone/day/{town.world.start.date()}")
        phone.sees("Store 1147")
        expect(phone.page.get_by_text("Aquí hay algo que solo usted abre")).to_have_count(0)
    assert len(readings()) == 2


def test_pages_photographed_without_a_network_are_sent_once_and_found_by_the_reviewer(devices: Devices):
    town, operator = devices.town, devices.town.key("operator")
    _kind(operator, "osha_10", "OSHA 10")
    who, caller = town.world.technicians[0], town.technician(0)
    last = datetime.now(UTC).date() + timedelta(days=200)
    claim = {"kind": "osha_10", "valid_from": "2026-01-01", "valid_until": last.isoformat(), "evidence": "Card 4711"}
    proof = caller.post(f"/v1/technicians/{who}/credentials", claim | {"is_submitted": False})
    assert proof.status_code == 201, proof.text
    pages = f"/v1/credentials/{proof.json()['id']}/documents"
    tries: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith(pages):
            tries.append(request.headers["idempotency-key"])

    with devices.device() as phone:
        phone.page.on("request", note)
        devices.sign_in(phone, devices.address_of(who))
        phone.sees("Nothing on this day")
        phone.opens(f"/phone/proofs/{proof.json()['id']}")
        phone.sees("Photograph it first, page by page.")
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        _photographs(phone, photo(gps=True))
        expect(phone.page.get_by_role("img", name="A page that is on this phone alone")).to_be_visible()
        _photographs(phone, PDF)
        waiting = phone.page.get_by_role("listitem").filter(has_text="Kept on this phone")
        expect(waiting).to_have_count(2)
        # They outlive the page; nothing is handed in without them.
        phone.page.reload()
        expect(waiting).to_have_count(2)
        expect(phone.page.get_by_role("button", name="Hand it in")).to_be_enabled()
        assert phone.barriers() == []
        assert "bytes of a file" in phone.page.evaluate(KEPT)
        assert operator.get(pages).json() == []

        phone.offline(False)
        phone.sees("Page 2")
        phone.heard()
        expect(waiting).to_have_count(0)
        phone.sees("A page of your proof: OSHA 10")
        assert "bytes of a file" not in phone.page.evaluate(KEPT), "what was sent is not on the phone any more"
        phone.presses("OK")
        assert (len(set(tries)), len(tries) > 2) == (2, True), "each page has one name, however often it is sent"
        phone.presses("Hand it in")
        phone.sees("Being reviewed")
        [queued] = [each for each in operator.get("/v1/credentials").json()["items"] if each["kind"] == "osha_10"]
        assert [each["content_type"] for each in queued["documents"]] == ["image/jpeg", "application/pdf"]
        seen = operator.get(f"{pages}/1").content
        assert seen.startswith(b"\xff\xd8\xff")
        assert not any(each in seen for each in (b"Exif", b"Spycam"))

        phone.offline(True)
        _photographs(phone, photo())
        expect(waiting).to_have_count(1)
        assert operator.post(f"/v1/credentials/{queued['id']}/reject").status_code == 200
        phone.offline(False)
        phone.sees("It was not taken: It changed meanwhile.")
        assert phone.barriers() == []
        phone.presses("OK")
        expect(phone.page.get_by_text("It was not taken")).to_have_count(0)
    assert len(operator.get(pages).json()) == 2


def test_a_proof_begun_and_handed_in_without_a_network_is_whole_when_it_returns(devices: Devices):
    town, operator = devices.town, devices.town.key("operator")
    _kind(operator, "osha_10", "OSHA 10")
    who = town.world.technicians[0]
    tries: dict[str, set[str]] = {}

    def note(request: Request) -> None:
        if request.method == "POST" and "/credentials" in request.url:
            tries.setdefault(request.url.rsplit("/", 1)[-1], set()).add(request.headers["idempotency-key"])

    def mine() -> list[Any]:
        found = operator.get(f"/v1/technicians/{who}/credentials").json()["items"]
        return [each for each in found if each["kind"] == "osha_10"]

    with devices.device() as phone:
        phone.page.on("request", note)
        devices.sign_in(phone, devices.address_of(who))
        phone.sees("Nothing on this day")
        phone.opens("/phone/proofs/new")
        phone.page.get_by_label("What is it?").select_option(label="OSHA 10")
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        last = datetime.now(UTC).date() + timedelta(days=200)
        _types(phone, "2026-01-01", last.isoformat(), "Card 4711")
        # What is typed outlives the page before it is said.
        phone.page.reload()
        expect(phone.page.get_by_label("Number or where it can be looked up")).to_have_value("Card 4711")
        expect(phone.page.get_by_label("What is it?")).to_have_value("osha_10")
        phone.presses("On to the photos")
        phone.sees("Not handed in yet")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        expect(phone.page.get_by_role("button", name="Hand it in")).to_be_disabled()
        _photographs(phone, photo(gps=True))
        expect(phone.page.get_by_role("img", name="A page that is on this phone alone")).to_be_visible()
        _photographs(phone, PDF)
        waiting = phone.page.get_by_role("listitem").filter(has_text="Kept on this phone")
        expect(waiting).to_have_count(2)
        phone.presses("Hand it in")
        phone.sees("Handing in your proof")
        phone.page.reload()
        phone.sees("Handing in your proof")
        expect(waiting).to_have_count(2)
        expect(phone.page.get_by_role("button", name="Hand it in")).to_have_count(0)
        assert phone.barriers() == []
        begun = phone.page.url
        phone.opens("/phone/proofs")
        phone.sees("On this phone alone")
        assert phone.barriers() == []
        phone.page.get_by_role("link", name="OSHA 10").click()
        phone.sees("Handing in your proof")
        assert phone.page.url == begun
        assert mine() == []

        phone.offline(False)
        phone.sees("Being reviewed")
        phone.heard()
        phone.sees("Page 2")
        [proof] = mine()
        assert (proof["state"], proof["evidence"]) == ("submitted", "Card 4711")
        assert [each["content_type"] for each in proof["documents"]] == ["image/jpeg", "application/pdf"]
        # It goes by the server's name now, also for who comes by the old address.
        expect(phone.page).to_have_url(re.compile(proof["id"]))
        phone.page.goto(begun)
        expect(phone.page).to_have_url(re.compile(proof["id"]))
        assert {name: len(keys) for name, keys in tries.items()} == {"credentials": 1, "documents": 2, "submit": 1}
        assert "bytes of a file" not in phone.page.evaluate(KEPT), "what was sent is not on the phone any more"


def test_a_proof_that_is_refused_later_is_mended_with_its_photos(devices: Devices):
    town, operator = devices.town, devices.town.key("operator")
    _kind(operator, "osha_10", "OSHA 10")
    who = town.world.technicians[0]
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        phone.sees("Nothing on this day")
        phone.opens("/phone/proofs/new")
        phone.page.get_by_label("What is it?").select_option(label="OSHA 10")
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        last = (datetime.now(UTC).date() + timedelta(days=200)).isoformat()
        # An older page, which let a number be longer than the server does.
        number = phone.page.get_by_label("Number or where it can be looked up")
        number.evaluate("each => each.removeAttribute('maxlength')")
        _types(phone, "2026-01-01", last, "4712 " * 50)
        phone.presses("On to the photos")
        phone.sees("Kept on this phone")
        _photographs(phone, photo())
        phone.presses("Hand it in")
        phone.sees("Handing in your proof")
        phone.offline(False)
        phone.follows("See it")
        phone.sees("It was not taken:")
        expect(phone.page.get_by_role("img", name="A page that is on this phone alone")).to_be_visible()
        assert phone.barriers() == []
        phone.follows("Mend what was typed")
        expect(phone.page.get_by_label("Valid from")).to_have_value("2026-01-01")
        number.fill("Card 4712")
        phone.presses("On to the photos")
        phone.sees("Being reviewed")
        phone.heard()
        found = operator.get(f"/v1/technicians/{who}/credentials").json()["items"]
        [proof] = [each for each in found if each["kind"] == "osha_10"]
        assert (proof["evidence"], proof["state"], len(proof["documents"])) == ("Card 4712", "submitted", 1)


def test_a_phone_without_room_says_that_it_keeps_no_photo_more(devices: Devices):
    town = devices.town
    _kind(town.key("operator"), "osha_10", "OSHA 10")
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(town.world.technicians[0]))
        phone.sees("Nothing on this day")
        phone.opens("/phone/proofs/new/osha_10")
        _types(phone, "2026-01-01", (datetime.now(UTC).date() + timedelta(days=200)).isoformat(), "Card 4713")
        phone.presses("On to the photos")
        phone.sees("Photograph it first")
        phone.heard()
        phone.page.evaluate(FILL)
        _photographs(phone, photo())
        phone.sees("There is no room left on this phone. Free some, then take it again.")
        phone.sees("what you said last could not be kept, and is not sent")
        expect(phone.page.get_by_role("button", name="Hand it in")).to_be_disabled()
        assert phone.barriers() == []
        phone.page.evaluate("window.empty()")
        _photographs(phone, photo())
        phone.sees("Page 1")
        expect(phone.page.get_by_text("There is no room left")).to_have_count(0)


def test_what_is_typed_at_the_end_of_a_visit_outlives_the_page_and_a_phone_without_room(devices: Devices):
    town = devices.town
    job, offers = town.offered()
    who = offers[0].technician_id
    caller = town.by_id(who)
    won = done(caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))
    visit = f"/v1/visits/{won['visit_id']}"
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        phone.opens(f"/phone/visits/{town.world.start.date()}/{won['visit_id']}")
        phone.presses("I cannot come")
        panel = phone.page.get_by_role("dialog")
        panel.get_by_label("Nobody lets me in").check()
        phone.page.reload()
        phone.presses("I cannot come")
        expect(panel.get_by_label("Nobody lets me in")).to_be_checked()
        done(caller.post(f"{visit}/check-in"))
        phone.page.reload()
        phone.presses("Check out")
        panel.get_by_label("I have to come back").check()
        panel.get_by_label("It takes two").check()
        panel.get_by_label("What is needed").fill("A second pair of hands")
        phone.page.reload()
        phone.presses("Check out")
        expect(panel.get_by_label("It takes two")).to_be_checked()
        expect(panel.get_by_label("What is needed")).to_have_value("A second pair of hands")
        # What cannot be kept is said where it was typed, and said again once there is room.
        phone.page.evaluate(FILL)
        panel.get_by_role("button", name="Check out").click()
        expect(panel.get_by_role("alert")).to_contain_text("what you said last could not be kept")
        assert phone.barriers() == []
        phone.page.evaluate("window.empty()")
        panel.get_by_role("button", name="Check out").click()
        phone.sees("Checked out")
        phone.heard()
        phone.page.wait_for_function("!Object.keys(localStorage).some((each) => each.includes('draft.leave'))")
    first = done(town.staff.get(f"/v1/jobs/{job['id']}"))["visits"][0]
    assert (first["state"], first["outcome"]) == ("checked_out", "return_needed")


def _types(phone: Device, first: str, last: str, number: str) -> None:
    for label, text in (("Valid from", first), ("Valid until", last), ("Number or where it", number)):
        phone.page.get_by_label(label).fill(text)


def _kind(operator: Caller, code: str, name: str) -> None:
    made = operator.post("/v1/credential-kinds", {"code": code, "name": name, "family": "certificate"})
    assert made.status_code == 201, made.text


def _holds(devices: Devices, technician: UUID) -> None:
    now = datetime.now(UTC)
    with devices.town.world.as_engine() as (session, _):
        session.add(
            CredentialRow(
                id=new_id(),
                technician_id=technician,
                kind=KIND,
                state="verified",
                valid_from=now.date() - timedelta(days=1),
                valid_until=now.date() + timedelta(days=30),
                evidence="",
                created_at=now,
            )
        )


def _photographs(phone: Device, data: bytes) -> None:
    field = phone.page.get_by_label("Choose a photo or PDF" if data == PDF else "Photograph a page")
    field.set_input_files({"name": "page", "mimeType": "image/jpeg", "buffer": data})
