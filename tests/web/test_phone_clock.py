"""A phone whose clock is wrong: offers run out by the clock of the server, answers go in the order they were said."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from browsing import Device, Devices
from playwright.sync_api import Request, expect

#: How far a phone's clock is wrong, in minutes.
WRONG = [47, -180]
#: Seconds that a look at the page and at the server's clock may lie apart on a busy machine.
APART_S = 20


@pytest.mark.parametrize("minutes", WRONG)
def test_an_offer_runs_out_by_the_servers_clock_on_a_phone_whose_clock_is_wrong(devices: Devices, minutes: int):
    job, offers = devices.town.offered()
    offer = offers[0]
    with devices.device() as phone:
        sets_clock(phone, minutes)
        devices.sign_in(phone, devices.address_of(offer.technician_id))
        is_wrong(phone, minutes)
        phone.follows("Offers")
        phone.sees("Replace drive")
        assert abs(left_s(phone) - true_s(devices, offer.expires_at)) < APART_S
        phone.follows("Replace drive")
        phone.sees("Why you")
        assert abs(left_s(phone) - true_s(devices, offer.expires_at)) < APART_S
        phone.page.evaluate("navigator.serviceWorker.ready")

        # Shut and opened again without a network, it still knows how wrong it is.
        phone.offline(True)
        phone.page.reload()
        phone.sees("ends in")
        is_wrong(phone, minutes)
        assert abs(left_s(phone) - true_s(devices, offer.expires_at)) < APART_S
        # An hour and a minute later, by whichever clock, it is over, and no yes to it can be said.
        phone.context.clock.fast_forward("01:01:00")
        expect(phone.page.locator(".figures", has_text="over").first).to_be_visible()
        expect(phone.page.get_by_role("button", name="Accept 12:00 PM")).to_have_count(0)

        # That hour was none for the server: as soon as it is heard it is open, and can be taken.
        phone.offline(False)
        phone.sees("ends in")
        assert abs(left_s(phone) - true_s(devices, offer.expires_at)) < APART_S
        phone.presses("Accept 12:00 PM")
        phone.sees("It is yours")
        phone.heard()
    (slot,) = devices.town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["slots"]
    assert slot["technician"]["id"] == str(offer.technician_id)


@pytest.mark.parametrize("minutes", WRONG)
def test_answers_kept_without_a_network_go_in_their_order_though_the_clock_is_set_back(devices: Devices, minutes: int):
    first, offers = devices.town.offered(title="Replace pump")
    second, others = devices.town.offered(title="Replace fan")
    who = offers[0].technician_id
    [other] = [each for each in others if each.technician_id == who]
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and re.search(r"/offers/.*/(accept|decline)$", request.url):
            sent.append(request.url.rsplit("/", 1)[-1])

    with devices.device() as phone:
        sets_clock(phone, minutes)
        devices.sign_in(phone, devices.address_of(who))
        phone.follows("Offers")
        for title in ("Replace pump", "Replace fan"):
            phone.follows(title)
            phone.sees("Why you")
            phone.page.get_by_role("link", name="Back").click()
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        phone.follows("Replace pump")
        phone.presses("No")
        phone.presses("Say no")
        phone.sees("1 answer waits to be sent")
        # Somebody sets the clock right, or wrong the other way: two hours back.
        phone.context.clock.set_system_time(now() + timedelta(minutes=minutes - 120))
        is_wrong(phone, minutes - 120)
        phone.follows("Replace fan")
        phone.presses("Accept 12:00 PM")
        phone.sees("2 answers wait to be sent")
        phone.page.reload()
        phone.sees("2 answers wait to be sent")
        phone.page.on("request", note)
        phone.offline(False)
        phone.sees("It is yours")
        phone.heard()
        assert list(dict.fromkeys(sent)) == ["decline", "accept"]
    states = {
        each.id: devices.town.by_id(who).get(f"/v1/offers/{each.id}").json()["state"] for each in (offers[0], other)
    }
    assert states == {offers[0].id: "declined", other.id: "accepted"}
    assert first["id"] != second["id"]


def now() -> datetime:
    return datetime.now(UTC)


def sets_clock(phone: Device, minutes: int) -> None:
    phone.context.clock.install(time=now() + timedelta(minutes=minutes))


def is_wrong(phone: Device, minutes: int) -> None:
    """The page believes what this phone's clock says: a precondition."""
    ahead_s = phone.page.evaluate("Date.now()") / 1000 - now().timestamp()
    assert abs(ahead_s - minutes * 60) < APART_S


def left_s(phone: Device) -> int:
    """What the page counts down, in seconds."""
    text = phone.page.get_by_text("ends in").first.inner_text()
    [found] = re.findall(r"ends in (?:(\d+):)?(\d\d):(\d\d)", text)
    hours, minutes, seconds = (int(each or 0) for each in found)
    return hours * 3600 + minutes * 60 + seconds


def true_s(devices: Devices, expires_at: datetime) -> float:
    with devices.town.world.as_engine() as (_, at):
        return (expires_at - at).total_seconds()
