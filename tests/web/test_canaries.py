"""Whatever people write comes out as the text that it is, on every face.

Every free text of a week at Acme is replaced by what would do harm if it were taken for markup; then every page is
opened. A page that runs it, or asks for what it names, fails by itself: the browser says so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from browsing import DESK, PHONE, Device, Devices
from canaries import columns_of, found_in, write_everywhere
from drawn import drawn_pages
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, dress, take

#: What somebody else than its writer reads on a page. Where one is missing, the look has become blind to it.
REACHES = {
    "agreements.words", "budgets.name", "clients.name", "companies.name", "counters.note", "credentials.evidence",
    "disputes.positions",
    "jobs.deliverables", "jobs.description", "jobs.sent_back", "jobs.title", "messages.words", "parts.item",
    "pool_overrides.reason", "pools.name", "proposals.note", "removals.notice", "reviews.words", "sites.access",
    "sites.address", "sites.contact_name", "sites.contacts", "sites.hazards", "sites.name", "sites.parking",
    "sites.town", "staff.name", "technician_marks.reason", "technicians.name",
    "templates.document", "templates.name",
}  # fmt: skip
#: All words that a page has, whether they are seen now or once something is unfolded.
_WORDS = (
    "document.body.textContent"
    " + [...document.querySelectorAll('input, textarea')].map((each) => each.value)"
    " + [...document.querySelectorAll('[title], [aria-label], [placeholder]')]"
    ".map((each) => each.title + each.ariaLabel + each.placeholder) + document.title"
)
Look = Callable[[Device, dict[str, str]], None]


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


def test_harm_in_every_text_comes_out_as_text_on_every_page(devices: Devices, acme: Dressed, admin_url: str) -> None:
    drawn = drawn_pages()
    back = _sent_back(devices)
    names, emails = drawn.whose(devices, acme)
    names |= back | _talks(devices)
    write_everywhere(admin_url)
    seen: set[str] = set()
    for who in dict.fromkeys(each.who for each in drawn.PAGES if each.who):
        with devices.device(PHONE if who == drawn.TECHNICIAN else DESK) as device:
            devices.sign_in(device, emails.get(who, who), "nav, header button")
            for path in dict.fromkeys(each.path for each in drawn.PAGES if each.who == who):
                _opens(path)(device, names)
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
    asked = {"pay": {"amount": "180.00"}, "reason": "distance", "note": "It is far"}
    done(town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/counter", asked))
    return {"talked": work.job["id"], "countered": other["id"], "spoken": work.visit.rpartition("/")[2],
            "then": day, "number": work.job["number"]}  # fmt: skip


def _sent_back(devices: Devices) -> dict[str, str]:
    """Work that is to be mended."""
    town = devices.town
    back = take(town, "Fix the awning", 0)
    back.finishes()
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


def _opens(path: str) -> Look:
    def look(device: Device, names: dict[str, str]) -> None:
        device.opens(path.format(**names))
        device.page.wait_for_timeout(700)

    return look


def _asks_the_board(device: Device, names: dict[str, str]) -> None:
    device.opens("/board/")
    device.page.get_by_role("button", name=names["number"], exact=True).first.click()
    for tab in ("What happened", "Why this one", "Why not …", "Asked", "Messages"):
        device.presses(tab)
        device.page.wait_for_timeout(400)
        _read(device)


_MORE: dict[str, tuple[Look, ...]] = {
    ADMIN: (_opens("/desk/jobs/{talked}"), _opens("/desk/jobs/{countered}"), _opens("/desk/jobs/{back}")),
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
