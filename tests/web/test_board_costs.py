"""What does a drop cost against the best? Said before a job is let go, in the figures of the API; rules hold, too."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from browsing import Device, Devices
from playwright.sync_api import Locator, expect
from signing import add_staff
from sqlalchemy import update

from dispatch.record.tables import TechnicianSkillRow

ROSA = "rosa@acme.example"
#: All lanes at once.
TALL = (1440, 1300)
RATES = {"rates": {"travel_mile": "0.67", "travel_hour": "30.00", "after_hours_share": "0.5"}}
NEEDS_A_CHECK = {"needs": {"skills": {"hvac": 2}, "credentials": ["background_check"]}, "pay": {"amount": "140.00"}}


@pytest.fixture
def town(devices: Devices) -> Devices:
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    devices.town.app.state.parts.refresh()
    return devices


def test_the_drive_and_the_pay_beyond_the_best_are_said_over_a_technician_and_over_a_time(town: Devices):
    job = town.town.posted(title="Replace pump", day_policy=RATES)
    far = town.town.world.technicians[7]
    best = best_of(town, job)
    assert best["technician"]["id"] != str(far)
    one = one_of(town, job, far)
    drive_s, more = one["travel_s"] - best["travel_s"], cents(one) - cents(best)
    assert (drive_s >= 300, more > 0) == (True, True), "precondition: farther, and so dearer"
    with town.device(TALL) as desk:
        shows_lanes(town, desk, job, "Technician 7")
        ghost = desk.page.locator(".ghost")
        x = holds(desk, job, "Technician 7")
        expect(ghost).to_contain_text(f"+{drive_s // 60} min drive, +{dollars(more)} against the best now")
        expect(ghost).to_contain_text("may do it")
        assert desk.barriers() == []

        # At another time the way is the same, and the hour costs more: still before anything is let go.
        x = moves(desk, "Technician 7", x, hours=8)
        start = datetime.fromisoformat(job["visits"][0]["window"]["start_at"]) + timedelta(hours=8)
        late = one_of(town, job, far, start)
        assert cents(late) > cents(one), "precondition: outside of the site's hours"
        dearer = cents(late) - cents(best)
        expect(ghost).to_contain_text(
            f"+{(late['travel_s'] - best['travel_s']) // 60} min drive, +{dollars(dearer)} against the best now"
        )
        expect(ghost).to_contain_text("Let go: it is moved, and Technician 7 is asked first")

        # Over nobody's lane it is the best at that time against the best now.
        moves(desk, "Nobody yet", x, hours=0)
        then = best_of(town, job, start)
        assert cents(then) > cents(best)
        expect(ghost).to_contain_text(f"+{dollars(cents(then) - cents(best))} against the best now")
        expect(ghost).not_to_contain_text("min drive")

        # The best costs nothing beyond themselves.
        moves(desk, best["technician"]["name"], x, hours=-8)
        expect(ghost).to_contain_text("may do it")
        expect(ghost).not_to_contain_text("against the best")
        desk.page.keyboard.press("Escape")
        desk.page.mouse.up()
    assert town.town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["window"] == job["visits"][0]["window"]


def test_a_rule_that_may_be_set_aside_asks_for_a_reason_and_a_locked_one_refuses_the_drop(town: Devices):
    low = town.town.world.technicians[6]
    with town.town.world.as_engine() as (session, _):
        session.execute(update(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == low).values(level=1))
    town.town.app.state.parts.refresh()
    open_job = town.town.posted(title="Replace pump", day_policy=RATES)
    locked = town.town.posted(title="Behind the door", slots=[NEEDS_A_CHECK])
    best, one = best_of(town, open_job), one_of(town, open_job, low)
    more = cents(one) - cents(best)
    assert (one["may"], more > 0) == (False, True), "precondition"
    with town.device(TALL) as desk:
        shows_lanes(town, desk, open_job, "Technician 0")
        adds_lane(desk, "Technician 6")
        ghost = desk.page.locator(".ghost")
        holds(desk, open_job, "Technician 6")
        # What it costs is said of whoever has to be asked with a reason, too.
        expect(ghost).to_contain_text(f"+{dollars(more)} against the best now")
        expect(ghost).to_contain_text("has the skill below the level")
        expect(ghost).to_contain_text("can be asked all the same, with a reason")
        desk.page.mouse.up()
        panel = desk.page.get_by_role("dialog")
        expect(panel.get_by_label("Why")).to_be_visible()
        assert asked(town, open_job) == {}, "nobody is asked before the reason is said"
        desk.page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        assert asked(town, open_job) == {}

    with town.device(TALL) as desk:
        shows_lanes(town, desk, locked)
        adds_lane(desk, "Technician 0")
        ghost = desk.page.locator(".ghost")
        for hours in (0, 2):
            holds(desk, locked, "Technician 0", hours=hours)
            expect(ghost).to_contain_text("Nobody overrides this")
            desk.page.mouse.up()
            expect(ghost).to_contain_text("Drag a job to a technician")
            expect(desk.page.get_by_role("dialog")).to_have_count(0)
    assert asked(town, locked) == {}
    assert town.town.staff.get(f"/v1/jobs/{locked['id']}").json()["visits"] == locked["visits"]
    refused = town.town.staff.post(
        f"/v1/jobs/{locked['id']}/offers",
        {
            "technician_id": str(town.town.world.technicians[0]),
            "override": {"rules": ["credential_missing"], "why": "trained"},
        },
    )
    assert refused.status_code in (409, 422), "nor by any other way"


def best_of(devices: Devices, job: dict[str, Any], start: datetime | None = None) -> dict[str, Any]:
    at = {"start_at": start.isoformat()} if start else {}
    answer = devices.town.staff.get(f"/v1/jobs/{job['id']}/candidates", params={"limit": 1} | at)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["candidates"][0]
    return found


def one_of(devices: Devices, job: dict[str, Any], who: UUID, start: datetime | None = None) -> dict[str, Any]:
    at = {"start_at": start.isoformat()} if start else {}
    answer = devices.town.staff.get(f"/v1/jobs/{job['id']}/candidates/{who}", params=at)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def cents(judged: dict[str, Any]) -> int:
    return round(float(judged["cost"]["amount"]) * 100)


def dollars(num: int) -> str:
    return f"${num // 100}" if num % 100 == 0 else f"${num / 100:.2f}"


def asked(devices: Devices, job: dict[str, Any]) -> dict[str, str]:
    items = devices.town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"]
    return {each["technician"]["name"]: each["state"] for each in items}


def shows_lanes(devices: Devices, desk: Device, job: dict[str, Any], name: str | None = None) -> None:
    """The job's day, by technician: whoever could do it has a lane."""
    devices.sign_in(desk, ROSA, "header")
    desk.page.locator(".work").get_by_role("button", name=job["number"], exact=True).click()
    desk.page.locator(".drawer").wait_for()
    desk.presses("Timeline")
    desk.presses(f"The day of {job['number']}")
    desk.presses("Close")
    desk.page.locator(".lane").get_by_role("button", name=job["number"]).click()
    if name:
        lane(desk, name).wait_for()


def adds_lane(desk: Device, name: str) -> None:
    desk.page.get_by_label("Technician by name or number").fill(name)
    desk.presses("Add a row")
    lane(desk, name).wait_for()


def lane(desk: Device, name: str) -> Locator:
    return desk.page.locator("li").filter(has=desk.page.locator(".who", has_text=name))


def holds(desk: Device, job: dict[str, Any], over: str, hours: float = 0) -> float:
    """Take a job's bar and hold it over somebody's lane, so many hours later: where the mouse is."""
    bar = desk.page.locator(".lane").get_by_role("button", name=job["number"])
    bar.hover(position={"x": 10, "y": 10})  # only once it stands still
    taken = bar.bounding_box()
    assert taken
    desk.page.mouse.move(taken["x"] + 10, taken["y"] + taken["height"] / 2)
    desk.page.mouse.down()
    return moves(desk, over, taken["x"] + 10, hours)


def moves(desk: Device, over: str, x: float, hours: float) -> float:
    place = lane(desk, over).locator(".lane").bounding_box()
    assert place
    x += hours * place["width"] / 24
    desk.page.mouse.move(x, place["y"] + 10, steps=4)
    desk.page.mouse.move(x, place["y"] + place["height"] / 2, steps=2)
    return x
