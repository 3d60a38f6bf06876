"""Whatever people write comes out as the text that it is, on every face.

Every free text of a week at Acme is replaced by what would do harm if it were taken for markup; then every page is
opened. A page that runs it, or asks for what it names, fails by itself: the browser says so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from browsing import DESK, PHONE, Device, Devices
from canaries import columns_of, found_in, write_everywhere
from drawn import drawn_pages
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, dress, is_told, take
from pictures import picture
from sqlalchemy import update

from dispatch.record.tables import RemovalRow
from dispatch.settings import without_driver

#: What somebody else than its writer reads on a page. Where one is missing, the look has become blind to it.
REACHES = {
    "agreements.words", "budgets.name", "clients.name", "companies.name", "counters.note", "credentials.evidence",
    "deliverables.caption", "deliverables.written", "disputes.note", "disputes.positions", "incidents.note",
    "jobs.deliverables", "jobs.description", "jobs.sent_back", "jobs.title", "messages.words", "parts.item",
    "parts.note", "parts.tracking",
    "pool_overrides.reason", "pools.name", "proposals.note", "removals.answer", "removals.notice",
    "removals.weighed", "reviews.answer", "reviews.words", "site_requests.item", "site_requests.note", "sites.access",
    "sites.address", "sites.contact_name", "sites.contacts", "sites.hazards", "sites.name", "sites.parking",
    "sites.town", "staff.name", "technician_marks.reason", "technicians.name",
    "templates.document", "templates.name", "time_entries.note", "visits.outcome_note",
}  # fmt: skip
#: All words that a page has, whether they are seen now or once something is unfolded.
_WORDS = (
    "document.body.textContent"
    " + [...document.querySelectorAll('input, textarea')].map((each) => each.value)"
    " + [...document.querySelectorAll('[title], [aria-label], [placeholder]')]"
    ".map((each) => each.title + each.ariaLabel + each.placeholder) + document.title"
)
#: What comes to a page after the rest of it.
_COMES_TO = {
    "/desk/operator/reviews": ("removals.answer",),
    "/phone/proofs/notices": ("removals.answer", "removals.weighed"),
    "/phone/visits/{day}/{visit}": ("incidents.note", "parts.note", "parts.tracking"),
}
Look = Callable[[Device, dict[str, str]], None]


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


def test_harm_in_every_text_comes_out_as_text_on_every_page(devices: Devices, acme: Dressed, admin_url: str) -> None:
    drawn = drawn_pages()
    back = _sent_back(devices)
    names, emails = drawn.whose(devices, acme)
    names |= _on_site(devices, names)
    names |= back | _talks(devices)
    _is_heard(devices)
    is_told(acme, 3)
    _answers_notice(devices)
    _states_the_other_side(devices)
    _keep_as_of_old(admin_url)
    write_everywhere(admin_url)
    seen: set[str] = set()
    for who in dict.fromkeys(each.who for each in drawn.PAGES if each.who):
        with devices.device(PHONE if who == drawn.TECHNICIAN else DESK) as device:
            devices.sign_in(device, emails.get(who, who), "nav, header button")
            for path in dict.fromkeys(each.path for each in drawn.PAGES if each.who == who):
                _opens(path, *_COMES_TO.get(path, ()))(device, names)
                seen |= _read(device)
            for look in _MORE.get(who, ()):
                look(device, names)
                seen |= _read(device)
    assert REACHES - seen == set()


def _talks(devices: Devices) -> dict[str, str]:
    """What the week has not: terms proposed, words, things asked for, a part, what is handed in, who is there."""
    town = devices.town
    site = f"/v1/sites/{town.world.site}"
    more = {
        "access": "By the rear door", "parking": "In the yard",
        "contacts": [{"name": "The night porter", "role": "keys to the roof"}],
        "hazards": [{"code": "asbestos", "note": "The plant room"}],
    }  # fmt: skip
    done(town.staff.patch(site, more, town.staff.get(site).headers["ETag"]))
    serial = {"code": "serial", "kind": "serial", "label": "Serial number"}
    work = take(town, "Swap the drive", 0, starts_min=0, description="As on the plan", deliverables=[serial])
    job = f"/v1/jobs/{work.job['id']}"
    done(town.staff.post(f"{job}/parts", {"item": "A drive", "state": "ordered"}))
    for caller in (town.staff, work.technician):
        done(caller.post(f"{job}/messages", {"text": "Is the old drive with you?"}))
    day = str(done(work.technician.get(work.visit))["planned_start_at"])[:10]
    done(work.technician.post(f"{work.visit}/proposals", {"pay": {"amount": "160.00"}, "note": "It is heavier"}))
    other, offers = town.offered(title="Fix the card reader", number="CANARY-2")
    decision = done(work.technician.get(f"/v1/offers/{work.offer.id}/decision"))["decision_id"]
    doubt = done(work.technician.post("/v1/reviews", {"decision_id": decision, "words": "Why me?"}))
    said = {"verdict": "rejected", "words": "You live next door"}
    done(town.key("operator").post(f"/v1/reviews/{doubt['id']}/answer", said))
    asked = {"pay": {"amount": "180.00"}, "reason": "distance", "note": "It is far"}
    done(town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/counter", asked))
    return {"talked": work.job["id"], "countered": other["id"], "spoken": work.visit.rpartition("/")[2],
            "then": day, "number": work.job["number"]}  # fmt: skip


def _on_site(devices: Devices, names: dict[str, str]) -> dict[str, str]:
    """What somebody says who is there: what they hand in, ask for, wait for, and what happened."""
    town, job, visit = devices.town, f"/v1/jobs/{names['talked']}", f"/v1/visits/{names['visit']}"
    there = town.technician(0)
    photo = done(there.send(picture(), kind="photo", visit_id=names["visit"]))["id"]
    done(there.post(f"{visit}/deliverables", {"item": "after", "file_id": photo, "caption": "Both, from the door"}))
    done(there.post(f"{visit}/deliverables", {"item": "serial", "written": "SN-4711"}))
    drive = {"item": "A bracket", "state": "shipped", "carrier": "UPS", "tracking": "1Z999AA10123456784"}
    done(town.staff.post(f"{job}/parts", drive | {"note": "By the rear door"}))
    done(there.post(f"{visit}/time", {"kind": "wait", "reason": "no_access", "note": "The porter is away"}))
    done(there.post(f"{visit}/site-requests", {"kind": "part", "item": "A ladder", "note": "Of 4 m"}))
    done(there.post(f"{visit}/incidents", {"kind": "damage", "note": "A shelf fell over"}))
    return {"there": names["talked"], "its_number": done(town.staff.get(job))["number"]}


def _is_heard(devices: Devices) -> None:
    """Whoever was given notice has answered, and a person has weighed it once the days to answer were over."""
    operator, url = devices.town.key("operator"), _answers_notice(devices)
    done(operator.post(f"{url}/review"))
    with devices.town.world.as_engine() as (session, _):
        session.execute(update(RemovalRow).values(respond_by=RemovalRow.created_at))
    done(operator.post(f"{url}/finish", {"weighed": "A theft at work, eight months ago."}))


def _answers_notice(devices: Devices) -> str:
    """What is said to the notice that is open now: its address."""
    town = devices.town
    [notice] = done(town.key("operator").get("/v1/removals"))["items"]
    url = f"/v1/removals/{notice['id']}"
    done(town.by_id(UUID(notice["technician_id"])).post(f"{url}/answer", {"answer": "That is somebody else."}))
    return url


def _states_the_other_side(devices: Devices) -> None:
    """Whom it is disputed with says their side, too."""
    [dispute] = done(devices.town.staff.get("/v1/disputes"))["items"]
    theirs = {"note": "I was there for two hours", "amount": "140.00"}
    done(devices.town.technician(1).post(f"/v1/disputes/{dispute['id']}/state", theirs))


def _keep_as_of_old(admin_url: str) -> None:
    """As disputes were kept at first: the words of whoever opened one stand beside their position, not in it."""
    with psycopg2.connect(without_driver(admin_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE disputes SET positions = positions #- ARRAY[opened_by, 'note']")
    connection.close()


def _sent_back(devices: Devices) -> dict[str, str]:
    """Work that is to be mended."""
    town = devices.town
    back = take(town, "Fix the awning", 0)
    back.does("confirm", "leave", "check-in")
    done(back.technician.post(f"{back.visit}/check-out", {"note": "The frame is bent"}))
    done(back.technician.post(f"/v1/jobs/{back.job['id']}/finish"))
    wish = {"items": ["The panel is not closed"], "due_at": (town.world.start + timedelta(days=30)).isoformat()}
    done(town.staff.post(f"/v1/jobs/{back.job['id']}/send-back", wish))
    names = {"back": back.job["id"], "again": back.visit.rpartition("/")[2]}
    began = datetime.now(ZoneInfo("America/Chicago")) - timedelta(minutes=5)
    names["awning"] = str(began.date())
    return names


def _read(device: Device) -> set[str]:
    """Where the texts on the page stand in the record; none of them became a part of the page."""
    assert device.page.locator("img[src='x']").count() == 0, device.page.url
    assert device.page.title() != "owned", device.page.url
    return columns_of(found_in(device.page.evaluate(_WORDS)))


def _opens(path: str, *columns: str) -> Look:
    """A page at rest, as `screenshots.py` has it, with the texts of these columns."""

    def look(device: Device, names: dict[str, str]) -> None:
        device.opens(path.format(**names))
        for column in columns:
            device.page.get_by_text(f"{{{column} ").first.wait_for(state="attached")
        device.page.wait_for_load_state("networkidle")
        drawn_pages().rests(device)

    return look


def _asks_the_board(device: Device, names: dict[str, str]) -> None:
    device.opens("/board/")
    device.page.get_by_role("button", name=names["number"], exact=True).first.click()
    for tab in ("What happened", "Why this one", "Why not …", "Asked", "Messages"):
        device.presses(tab)
        device.page.wait_for_timeout(400)
        _read(device)
    # Of work that goes on somebody waits for an answer.
    device.page.get_by_role("button", name=names["its_number"], exact=True).first.click()
    device.page.locator(".answers").get_by_text("{site_requests.note ").wait_for()


_MORE: dict[str, tuple[Look, ...]] = {
    ADMIN: (
        _opens("/desk/jobs/{talked}"),
        _opens("/desk/jobs/{countered}"),
        _opens("/desk/jobs/{back}", "visits.outcome_note"),
        _opens(
            "/desk/jobs/{there}", "deliverables.caption", "deliverables.written", "incidents.note", "time_entries.note"
        ),
    ),
    DISPATCHER: (_asks_the_board,),
    OPERATOR: (),
    "technician": (
        _opens("/phone/day/{then}"),
        _opens("/phone/visits/{then}/{spoken}"),
        _opens("/phone/visits/{then}/{spoken}/work"),
        _opens("/phone/messages/job/{talked}"),
        _opens("/phone/day/{awning}"),
        _opens("/phone/visits/{awning}/{again}"),
    ),
}
