"""Whoever signs in at the front door is led to the face of their role, and no face is for everybody."""

from uuid import UUID

import pytest
from browsing import DESK, PHONE, Devices
from signing import add_staff

from dispatch.record.session import ENGINE
from dispatch.visits.alarms import raise_alarm

ROSA = "rosa@acme.example"


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_dispatcher_sees_what_needs_them_and_takes_it_on(devices: Devices, size):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job = devices.town.posted(title="Replace pump")
    with devices.town.world.as_engine() as (session, now):
        about = {"client_id": devices.town.world.client, "job_id": UUID(job["id"]), "due_at": now, "now": now}
        raise_alarm(session, ENGINE, "incident", **about)
    with devices.device(size) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("Acme service")
        desk.sees("Needs you (1)")
        desk.sees("An incident")
        desk.sees("Replace pump")
        assert desk.barriers() == []
        desk.presses("I take it on")
        desk.sees("Rosa Marsh is on it")
        desk.opens("/desk/")
        desk.sees("Replace pump")
        assert desk.barriers() == []
        # A technician's phone is not for them, and says whither to go.
        desk.opens("/phone/")
        desk.sees("You are signed in as dispatcher")
        assert desk.barriers() == []


@pytest.mark.parametrize(
    ("role", "path", "words", "nav"),
    [
        ("client_admin", "/desk/morning", "Filled", ["Morning", "Compliance", "Work orders"]),
        ("requester", "/desk/", "Work orders", ["Work orders", "Post"]),
        ("operator", "/desk/operator/reviews", "Reviews", ["Reviews", "Work orders"]),
    ],
)
def test_everybodys_day_begins_on_a_page_of_their_own(devices: Devices, role, path, words, nav):
    add_staff(devices.town, role, ROSA, "Rosa Marsh")
    devices.town.posted(title="Replace pump")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.page.wait_for_url(f"**{path}")
        desk.sees(words)
        links = desk.page.get_by_role("navigation").get_by_role("link")
        assert links.all_inner_texts()[: len(nav)] == nav
        assert desk.barriers() == []
        # Whoever comes back by the front door is there again, and all else is a press away.
        desk.page.goto(f"{devices.url}/")
        desk.page.wait_for_url(f"**{path}")
        desk.page.get_by_role("navigation").get_by_role("link", name="Work orders").click()
        desk.sees("Replace pump")


def test_a_link_is_good_once_and_offers_another(devices: Devices):
    with devices.device() as phone:
        token = devices.link_for(devices.address_of(devices.town.world.technicians[0]))
        phone.opens(f"/sign-in#token={token}")
        # What lets somebody in stays in no history.
        assert token not in phone.page.url
        phone.presses("Sign in on this device")
        phone.sees("Nothing on this day")
        phone.follows("Me")
        phone.presses("Sign out")
        phone.sees("Mail me a link")
        phone.opens("/")
        phone.opens(f"/sign-in#token={token}")
        phone.presses("Sign in on this device")
        phone.sees("This link is over")
        assert phone.barriers() == []
        phone.presses("Mail me a new one")
        phone.sees("A new link is on its way")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_description_of_the_api_is_read_without_anything_from_elsewhere(devices: Devices, size):
    with devices.device(size) as reader:
        reader.opens("/v1/docs")
        reader.sees("Truckroll: the API")
        reader.page.locator("#postJob > summary").click()
        reader.sees("Record a job and have it offered at once")
        assert reader.barriers() == []
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= size[0]
