"""Whatever people write comes out as the text that it is, on every face.

Every free text of a dressed week is replaced by markup that would do harm if it were taken for markup; then every page
is opened.
"""

import re
from collections.abc import Callable

import psycopg2
import pytest
from browsing import DESK, PHONE, Device, Devices
from drawn import drawn_pages
from dressed import ADMIN, DISPATCHER, Dressed, done, dress, take
from personal_data import PERSONAL
from sqlalchemy import String

from dispatch.record.tables import Base

HARM = "<img src=x onerror=\"document.title='owned'\">"
#: What has a form of its own, or is kept where nobody reads it.
_NO_WORDS = {"email", "phone", "url", "secret", "hash", "device", "given_email", "lat", "lng"}
_NO_WORDS |= {"contact_email", "contact_phone"}
#: What somebody else than its writer reads on a page.
REACHES = {
    "clients.name",
    "counters.note",
    "credentials.evidence",
    "deliverables.caption",
    "deliverables.written",
    "disputes.note",
    "jobs.description",
    "jobs.title",
    "messages.words",
    "parts.item",
    "pool_overrides.reason",
    "proposals.note",
    "removals.notice",
    "reviews.words",
    "site_requests.note",
    "sites.access",
    "sites.address",
    "sites.contact_name",
    "sites.name",
    "sites.parking",
    "staff.name",
    "technicians.name",
    "visits.outcome_note",
}


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


def test_harm_in_every_text_comes_out_as_text_on_every_page(devices: Devices, acme: Dressed, admin_url: str) -> None:
    drawn = drawn_pages()
    names, emails = drawn.whose(devices, acme)
    visit = _talks(devices, acme)
    _write_everywhere(admin_url)
    seen: set[str] = set()
    for who in dict.fromkeys(each.who for each in drawn.PAGES):
        size = PHONE if who == drawn.TECHNICIAN else DESK
        with devices.device(size) as device:
            if who:
                devices.sign_in(device, emails.get(who, who), "nav, header button")
            for shot in (each for each in drawn.PAGES if each.who == who):
                drawn.show(device, shot, names)
                seen |= _read(device)
            for look in _MORE.get(who, ()):
                look(device, visit)
                seen |= _read(device)
    assert REACHES - seen == set()


def _talks(devices: Devices, acme: Dressed) -> dict[str, str]:
    """What the dressed week has not: terms proposed, words, things asked for, a part, something handed in."""
    town = devices.town
    work = take(town, "Swap the drive", 0, starts_min=0, description="As on the plan",
                deliverables=[{"code": "serial", "kind": "serial", "label": "Serial number"}])  # fmt: skip
    job = f"/v1/jobs/{work.job['id']}"
    done(town.staff.post(f"{job}/parts", {"item": "A drive", "state": "ordered"}))
    for caller in (town.staff, work.technician):
        done(caller.post(f"{job}/messages", {"text": "Is the old drive with you?"}))
    day = work.technician.get("/v1/assignments").json()["items"]
    mine = next(each for each in day if each["id"] == work.assignment_id)
    work.does("confirm", "leave", "check-in")
    wish = {"kind": "more_time", "minutes": 30, "note": "The rack is locked"}
    done(work.technician.post(f"{work.visit}/site-requests", wish))
    serial = {"item": "serial", "written": "SN-1", "caption": "At the back"}
    done(work.technician.post(f"{work.visit}/deliverables", serial))
    other, offers = town.offered(title="Fix the card reader", number="CANARY-2")
    asked = {"pay": {"amount": "180.00"}, "reason": "distance", "note": "It is far"}
    done(town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/counter", asked))
    return {"job": work.job["id"], "other": other["id"], "visit": work.visit.rpartition("/")[2],
            "day": str(mine["start_at"])[:10], "number": work.job["number"]}  # fmt: skip


def _write_everywhere(admin_url: str) -> None:
    """Every text that a person wrote is harm now, signed with where it stands."""
    with psycopg2.connect(admin_url) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table, columns in PERSONAL.items():
            for column in columns:
                kind = Base.metadata.tables[table].c[column].type
                if column in _NO_WORDS or not isinstance(kind, String):
                    continue
                harm = f"{HARM}{table}.{column} "
                change = f'UPDATE "{table}" SET "{column}" = %s || ctid::text WHERE "{column}" <> %s'
                cursor.execute(change, (harm, ""))
    connection.close()


def _read(device: Device) -> set[str]:
    """Where the texts on the page stand in the record; none of them became a part of the page."""
    assert device.page.locator("img[src='x']").count() == 0, device.page.url
    words: str = device.page.evaluate(
        "document.body.innerText + [...document.querySelectorAll('option, details')].map((each) => each.textContent)"
        " + [...document.querySelectorAll('input, textarea')].map((each) => each.value)"
    )
    return set(re.findall(r"'owned'\">([a-z_]+\.[a-z_]+)", words))


def _board_tabs(device: Device, visit: dict[str, str]) -> None:
    device.opens("/board/")
    device.page.locator(".work").get_by_role("button", name=visit["number"], exact=True).click()
    for tab in ("Messages", "What happened", "Why this one", "Why not …", "Asked"):
        device.presses(tab)
        device.page.wait_for_timeout(300)
        _read(device)
    device.presses("Messages")
    device.page.wait_for_timeout(300)


def _page(path: str) -> Callable[[Device, dict[str, str]], None]:
    def look(device: Device, visit: dict[str, str]) -> None:
        device.opens(path.format(**visit))
        device.page.wait_for_timeout(800)

    return look


_MORE: dict[str, tuple[Callable[[Device, dict[str, str]], None], ...]] = {
    ADMIN: (_page("/desk/jobs/{job}"), _page("/desk/jobs/{other}")),
    DISPATCHER: (_board_tabs,),
    "technician": (
        _page("/phone/day/{day}"),
        _page("/phone/visits/{day}/{visit}"),
        _page("/phone/visits/{day}/{visit}/work"),
        _page("/phone/messages/job/{job}"),
    ),
}
