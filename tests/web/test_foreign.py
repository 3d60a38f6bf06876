"""Somebody else's things by their real addresses: each page says that it is not there, and shows nothing of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Devices
from dressed import done
from playwright.sync_api import expect
from signing import add_staff

#: Stands in every text of what is not the reader's.
SECRET = "Nachtigall-4711"
FEW = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}
VERA = "vera@globex.example"
NOT_THERE = "It is not there, or not for you."
#: What a page that is whole would say of it, too: whose it is, where, and who works there.
TELLTALE = (SECRET, "Acme", "Store 1147", "106 N 5th St", "Technician 0", "T-00000")

#: (who looks, at which address, what the page says instead)
PAGES = [
    ("staff", "/desk/jobs/{job}", "This work order is not there"),
    ("staff", "/desk/pools/{pool}", NOT_THERE),
    ("staff", "/desk/technicians/{technician}", NOT_THERE),
    ("staff", "/desk/approvals/{dispute}", NOT_THERE),
    ("staff", "/desk/money/{payment}", NOT_THERE),
    ("staff", "/desk/hours/{technician}", NOT_THERE),
    ("staff", "/board/?job={job}", "This is over, or not for you."),
    ("technician", "/phone/offers/{offer}", "This offer is not here any more."),
    ("technician", "/phone/visits/{day}/{visit}", "This visit is not on your day."),
    ("technician", "/phone/visits/{day}/{visit}/work", "This visit is not on your day."),
    ("technician", "/phone/messages/{thread}", NOT_THERE),
    ("technician", "/phone/messages/job/{job}", NOT_THERE),
    ("technician", "/phone/proofs/{proof}", NOT_THERE),
]


@pytest.fixture
def theirs(devices: Devices) -> dict[str, str]:
    """Acme's work and its technician's things: the ids of all, with the secret in their texts."""
    town = devices.town
    admin, operator = town.key("client_admin", client_id=town.world.client), town.key("operator")
    add_staff(town, "dispatcher", VERA, "Vera Stone", client=town.globex)
    add_staff(town, "operator", "olga@network.example", "Olga Brandt")
    url = f"/v1/clients/{town.world.client}"
    done(operator.post(f"{url}/money", {"rules": {"fee_share": "0.10"}}))
    done(operator.post(f"{url}/funds", {"amount": "600.00"}))
    pool = done(admin.post("/v1/pools", {"name": SECRET}))
    posted, offers = town.offered(title=SECRET, description=SECRET, policy=FEW)
    job, offer, mine = posted["id"], offers[0], town.by_id(offers[0].technician_id)
    visit = done(mine.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1}))["visit_id"]
    thread = done(town.staff.post(f"/v1/jobs/{job}/messages", {"text": SECRET}))["thread_id"]
    for wish in ("check-in", "check-out"):
        done(mine.post(f"/v1/visits/{visit}/{wish}"))
    done(mine.post(f"/v1/jobs/{job}/finish"))
    [payment] = done(mine.get("/v1/payments"))["items"]
    wish = {"amount": "20.00", "reason": "hours", "position": {"note": SECRET}}
    dispute = done(mine.post(f"/v1/payments/{payment['id']}/dispute", wish))
    who = offer.technician_id
    claim = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": "2099-11-01", "evidence": SECRET}
    proof = done(mine.post(f"/v1/technicians/{who}/credentials", claim | {"is_submitted": False}))
    return {
        "job": job, "visit": visit, "day": str(town.world.start.date()), "offer": str(offer.id), "thread": thread,
        "technician": str(who), "pool": pool["id"], "payment": payment["id"], "dispute": dispute["id"],
        "proof": proof["id"], "asked": " ".join(str(each.technician_id) for each in offers),
    }  # fmt: skip


def test_every_page_of_something_that_is_somebody_elses_says_so_and_shows_nothing(devices: Devices, theirs):
    town = devices.town
    other = next(each for each in town.world.technicians if str(each) not in theirs["asked"])
    readers = {
        "staff": (VERA, DESK, "nav, header button"),
        "technician": (devices.address_of(other), PHONE, "nav"),
    }
    for who, (email, size, landmark) in readers.items():
        with devices.device(size) as device:
            devices.sign_in(device, email, landmark)
            told: list[str] = []
            device.page.on("response", lambda answer, told=told: told.append(_body(answer)))
            for _, path, words in (each for each in PAGES if each[0] == who):
                device.opens(path.format(**theirs))
                expect(device.page.get_by_text(words).first, path).to_be_visible()
                device.page.wait_for_timeout(300)
                shown = device.page.evaluate("document.title + document.documentElement.innerHTML")
                assert [each for each in TELLTALE if each in shown] == [], path
                assert device.barriers() == [], path
            assert [each for each in told if SECRET in each] == [], "nor does any answer bring it to the browser"
    assert {each[0] for each in PAGES} == set(readers)


def test_their_own_people_find_them_there(devices: Devices, theirs):
    """Precondition of the test above: by the same addresses these things are there for whom they belong to."""
    town = devices.town
    add_staff(town, "client_admin", "clara@acme.example", "Clara Acme")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, "clara@acme.example", "nav, header button")
        for path in ("/desk/jobs/{job}", "/desk/pools/{pool}", "/board/?job={job}"):
            desk.opens(path.format(**theirs))
            expect(desk.page.get_by_text(SECRET).first, path).to_be_visible()
    with devices.device(PHONE) as phone:
        devices.sign_in(phone, devices.address_of(UUID(theirs["technician"])))
        for path in ("visits/{day}/{visit}", "messages/{thread}", "messages/job/{job}", "proofs/{proof}"):
            phone.opens(f"/phone/{path.format(**theirs)}")
            expect(phone.page.get_by_text(SECRET).first, path).to_be_visible()


def _body(answer: Any) -> str:
    read: Callable[[], str] = answer.text
    is_data = "/v1/" in answer.url and "stream" not in answer.url and answer.url.rpartition("/")[2] != "live"
    try:
        return read() if is_data else ""
    except Exception:  # what a page that was left had asked for is not there any more
        return ""
