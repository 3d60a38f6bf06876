"""How long does it take to post a work order? From a template, with the keyboard alone, as fast as people type."""

import time
from datetime import timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from browsing import DESK, Devices
from dressed import done
from playwright.sync_api import Locator, expect
from signing import add_staff

OMAR = "omar@acme.example"
#: Milliseconds from one key to the next.
KEY_MS = 60
TILL = {
    "title": "Swap a till",
    "job_type": "hardware",
    "duration_min": 120,
    "slots": [{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}],
}
#: Everything that is touched, in the order of the page; all else is the template's, or as it stands.
TOUCHED = ["Template", "Store number, name or town", "Day", "From", "To", "Post it"]


def test_a_work_order_is_posted_from_a_template_with_the_keyboard_in_six_steps(devices: Devices):
    town = devices.town
    add_staff(town, "requester", OMAR, "Omar Reyes")
    town.app.state.parts.refresh()
    done(town.staff.post("/v1/templates", {"name": "Till", "job": TILL}))
    start = town.world.start.astimezone(ZoneInfo("America/Chicago"))
    end = start + timedelta(hours=4)
    touched, keys = [], 0
    with devices.device(DESK) as desk:
        devices.sign_in(desk, OMAR, "header")
        desk.opens("/desk/post")
        desk.page.get_by_label("Template").wait_for()
        keyboard = desk.page.keyboard
        begun = time.monotonic()

        def goes_to(name: str) -> None:
            """Tab by tab to what is called so."""
            nonlocal keys
            roles = (desk.page.get_by_role(each, name=name, exact=True) for each in ("button", "combobox"))
            wanted = reduce(Locator.or_, roles, desk.page.get_by_label(name, exact=True)).first
            for _ in range(60):
                if wanted.evaluate("each => each === document.activeElement"):
                    touched.append(name)
                    return
                keyboard.press("Tab", delay=KEY_MS)
                keys += 1
            raise AssertionError(name)

        def types(text: str) -> None:
            nonlocal keys
            keyboard.type(text, delay=KEY_MS)
            keys += len(text)

        desk.page.get_by_label("Template").focus()
        goes_to("Template")
        types("Till")
        expect(desk.page.get_by_label("Work", exact=True)).to_have_value("Swap a till")
        goes_to("Store number, name or town")
        types("1147")
        desk.sees("106 N 5th St")
        for name, text in (
            ("Day", start.strftime("%m%d%Y")),
            ("From", start.strftime("%I%M%p")),
            ("To", end.strftime("%I%M%p")),
        ):
            goes_to(name)
            types(text)
        expect(desk.page.get_by_role("complementary", name="Who may do it")).to_contain_text("of 8 in reach")
        goes_to("Post it")
        keyboard.press("Enter")
        keys += 1
        desk.sees("What happened")
        took_s = time.monotonic() - begun
    print(f"posted from a template in {took_s:.1f} s with {keys} keys and no click, {len(touched)} things touched")  # noqa: T201
    assert touched == TOUCHED
    (job,) = town.staff.get("/v1/jobs").json()["items"]
    posted = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert (posted["title"], posted["visits"][0]["duration_min"]) == ("Swap a till", 120)
    window = posted["visits"][0]["window"]
    assert window["start_at"] == town.world.start.isoformat().replace("+00:00", "Z")
    slot = posted["visits"][0]["slots"][0]
    assert (slot["needs"]["skills"], slot["pay"]["amount"]) == ({"hvac": 2}, "140.00")
