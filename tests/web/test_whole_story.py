"""The whole story, in the browsers of four people: a department, a dispatcher, two technicians with their phones.

It is told twice: with a pointer, and with nothing but keys; in the long form also at every size and in both themes, and
in Spanish, and axe looks at every page on the way.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from browsing import DESK, PATIENCE_MS, PHONE, Device, Devices
from hands import Hands, Keyboard, Pointer, stays_on, walks
from pictures import photo
from playwright.sync_api import Locator, expect
from signing import add_staff
from spanish import OF_THE_STORY, english_on, only_english
from sqlalchemy import update
from working import dispatching

from dispatch.record.tables import TechnicianRow

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
SHOTS = os.environ.get("TRUCKROLL_STORY_SHOTS")
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
OMAR, ROSA = "omar@acme.example", "rosa@acme.example"
MARIA, RAY = "Maria Lopez", "Ray Diaz"
CHICAGO = ZoneInfo("America/Chicago")
CHECKLIST = [
    {"code": "after", "kind": "photo", "label": "The unit, closed"},
    {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-####"},
    {"code": "clean", "kind": "check", "label": "The place is clean"},
    {"code": "signed", "kind": "signature", "label": "The manager signs"},
]
#: What people called something, in their own language.
NAMES = (
    *(each["label"] for each in CHECKLIST), "Swap the till", "Replace the drive", "Omar Reyes", "Rosa Marsh",
    "Lena Brandt", MARIA, RAY, "Store 1147", "Acme service", *(f"Technician {num}" for num in range(8)),
)  # fmt: skip
#: Tells the test whenever a page asks where its phone is.
ASKS_WHERE = """for (const name of ['getCurrentPosition', 'watchPosition']) {
  const real = navigator.geolocation[name].bind(navigator.geolocation)
  navigator.geolocation[name] = (...given) => { void window.askedWhere(name); return real(...given) }
}"""


@dataclass
class Stage:
    """Four people at their devices, and how they act; `asked_where` is whenever Maria's phone asked where it is."""

    devices: Devices
    hands: Hands
    omar: Device
    rosa: Device
    maria: Device
    ray: Device
    looks_at: str = ""
    asked_where: list[str] = field(default_factory=list)
    num_looks: int = 0
    #: English → what they read instead; what people called something is the same in every language.
    words: Mapping[str, str] = field(default_factory=dict)

    def say(self, english: str) -> str:
        """As it reads in the language of the stage."""
        return self.words.get(english, english)

    def sees(self, device: Device, words: str) -> None:
        device.sees(self.say(words))

    def press(self, device: Device, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        self.hands.press((within or device.page).get_by_role("button", name=self.say(name), exact=exact))

    def follow(self, device: Device, name: str, within: Locator | None = None) -> None:
        self.hands.press((within or device.page).get_by_role("link", name=self.say(name)).first)

    def fill(self, device: Device, label: str, words: str) -> None:
        self.hands.fill(self.field(device, label), words)

    def field(self, device: Device, label: str) -> Locator:
        return device.page.get_by_label(self.say(label), exact=True)

    def choose(self, device: Device, label: str, entry: str) -> None:
        self.hands.choose(device.page.get_by_role("combobox", name=self.say(label), exact=True), self.say(entry))

    def look(self, device: Device, name: str) -> None:
        """Stop, and see whether anybody would be kept from using the page as it is now."""
        self.num_looks += 1
        if SHOTS:
            path = Path(SHOTS) / f"{self.num_looks:02}-{name}-{self.looks_at}.png"
            device.page.screenshot(path=path)
        stays_on(device.page)
        if self.words:
            assert (name, english_on(device.page, NAMES)) == (name, set())
        if LONG:
            assert (name, device.barriers()) == (name, [])
            wide: int = device.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (name, wide) == (name, 0)


@contextmanager
def staged(
    devices: Devices, hands: Hands, sizes: dict[str, tuple[int, int]], scheme: str, *, is_spanish: bool = False
) -> Iterator[Stage]:
    """All of them signed in, each where their day begins."""
    locale, words = ("es-US", OF_THE_STORY) if is_spanish else ("en-US", {})
    town = devices.town
    _set_up(devices)
    with dispatching(town), ExitStack() as stack:
        at = {who: stack.enter_context(devices.device(size, scheme, locale=locale)) for who, size in sizes.items()}
        looks_at = f"{type(hands).__name__}-{sizes['omar'][0]}-{scheme}-{locale}".lower()
        stage = Stage(devices, hands, **at, looks_at=looks_at, words=words)
        stage.maria.context.expose_binding("askedWhere", lambda _source, name: stage.asked_where.append(name))
        stage.maria.page.add_init_script(ASKS_WHERE)
        for device in at.values():
            if isinstance(hands, Keyboard):
                walks(device)
        emails = {"omar": OMAR, "rosa": ROSA} | {
            who: devices.address_of(town.world.technicians[num]) for num, who in enumerate(("maria", "ray"))
        }
        for who, device in at.items():
            device.opens(f"/sign-in#token={devices.link_for(emails[who])}")
            stage.press(device, "Sign in on this device")
            device.page.locator("nav" if who != "rosa" else "header").first.wait_for()
        yield stage


def _set_up(devices: Devices) -> None:
    """Names, staff, money, and what the department wants handed in with its work."""
    town = devices.town
    add_staff(town, "client_admin", OMAR, "Omar Reyes")
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    with town.world.as_engine() as (session, _):
        for who, name in zip(town.world.technicians, (MARIA, RAY), strict=False):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(name=name))
    operator, url = town.key("operator"), f"/v1/clients/{town.world.client}"
    rules = operator.post(f"{url}/money", {"rules": {"fee_share": "0.10", "pay_after_days": 7}})
    assert rules.status_code == 200, rules.text
    funds = operator.post(f"{url}/funds", {"amount": "1000.00"})
    assert funds.status_code == 201, funds.text
    asked = town.staff.post("/v1/deliverable-templates", {"job_type": "service", "items": CHECKLIST})
    assert asked.status_code == 201, asked.text
    town.app.state.parts.refresh()


def tell(stage: Stage) -> None:
    """From the first word typed to the money."""
    rosa, maria, ray = stage.rosa, stage.maria, stage.ray
    expect(rosa.page.get_by_text(stage.say("No jobs here"))).to_be_visible()
    stage.sees(rosa, "Live")
    rosa.page.evaluate("window.isTheSame = true")
    for phone in (maria, ray):
        stage.follow(phone, "Offers")
        stage.sees(phone, "No offers now")
    _is_lost_while_offline(stage)
    _is_won_while_offline(stage)
    _is_done(stage)
    _is_approved_and_due(stage)


def _is_lost_while_offline(stage: Stage) -> None:
    """Maria says yes without a network; Ray, who has one, is quicker; she is told so, and by nobody's mistake."""
    maria, ray = stage.maria, stage.ray
    _posts(stage, "WO-1", "Swap the till", 0)
    for phone in (maria, ray):
        stage.sees(phone, "Swap the till")
        stage.look(phone, "offers")
        stage.follow(phone, "Swap the till")
        stage.sees(phone, "Why you")
    stage.look(maria, "offer")
    maria.offline(True)
    _accepts(stage, maria)
    stage.sees(maria, "Kept on this phone. It is sent when there is a network.")
    stage.sees(maria, "1 answer waits to be sent")
    stage.look(maria, "kept")
    _accepts(stage, ray)
    stage.sees(ray, "It is yours.")
    stage.look(ray, "won")
    _board_shows(stage, "WO-1", RAY, "Assigned")
    maria.offline(False)
    stage.sees(maria, "While you were offline: filled by another.")
    stage.look(maria, "lost")
    expect(stage.omar.page.get_by_text(stage.say("Backup: said yes too"))).to_be_visible(timeout=2 * PATIENCE_MS)
    stage.press(maria, "OK")
    expect(maria.page.get_by_text(stage.say("While you were offline"))).to_have_count(0)
    stage.press(ray, "OK")
    for phone in (maria, ray):
        stage.follow(phone, "Offers")
        stage.sees(phone, "No offers now")


def _is_won_while_offline(stage: Stage) -> None:
    """The other way round: Maria is back before Ray has made up his mind, who then sees that it is gone."""
    maria, ray = stage.maria, stage.ray
    _posts(stage, "WO-2", "Replace the drive", 1)
    for phone in (maria, ray):
        stage.sees(phone, "Replace the drive")
        stage.follow(phone, "Replace the drive")
        stage.sees(phone, "Why you")
    maria.offline(True)
    _accepts(stage, maria)
    stage.sees(maria, "Kept on this phone. It is sent when there is a network.")
    expect(ray.page.get_by_role("button", name=stage.say("Accept "))).to_be_visible()
    maria.offline(False)
    stage.sees(maria, "While you were offline: It is yours.")
    stage.sees(ray, "Somebody else has it")
    expect(ray.page.get_by_role("button", name=stage.say("Accept "))).to_have_count(0)
    stage.look(ray, "gone")
    _board_shows(stage, "WO-2", MARIA, "Assigned")


def _is_done(stage: Stage) -> None:
    """The day on site; where the phone is, is asked when Maria says that she comes and goes, and at no other time."""
    maria = stage.maria
    stage.follow(maria, "See the day")
    stage.sees(maria, "Store 1147, Alpine")
    stage.look(maria, "day")
    assert stage.asked_where == []
    stage.press(maria, "On my way")
    stage.sees(maria, "On the way")
    assert len(stage.asked_where) == 1
    stage.follow(maria, "Store 1147")
    stage.sees(maria, "106 N 5th St")
    stage.look(maria, "visit")
    assert len(stage.asked_where) == 1
    stage.press(maria, "Check in")
    stage.sees(maria, "On site")
    assert len(stage.asked_where) == 2
    _board_shows(stage, "WO-2", MARIA, "In progress")
    stage.follow(maria, "To hand in")
    _hands_in(stage)
    stage.look(maria, "handed-in")
    stage.follow(maria, "Back")
    stage.sees(maria, "4 of 4 handed in")
    assert len(stage.asked_where) == 2
    stage.press(maria, "Check out")
    stage.look(maria, "leaving")
    stage.press(maria, "Check out", maria.page.get_by_role("dialog"))
    stage.sees(maria, "Checked out")
    assert len(stage.asked_where) == 3
    stage.press(maria, "The job is done")
    stage.sees(maria, "You said that the job is done. The client looks at it.")
    stage.look(maria, "done")
    _board_shows(stage, "WO-2", MARIA, "Done")


def _hands_in(stage: Stage) -> None:
    maria = stage.maria
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(gps=True)}
    stage.hands.attach(maria.page.get_by_label(stage.say("Take a photo: The unit, closed")), file)
    expect(maria.page.get_by_role("img", name=stage.say("The unit, closed, photo 1"))).to_be_visible()
    stage.fill(maria, "Serial number", "SN-0042")
    stage.press(maria, "Hand in: Serial number")
    stage.sees(maria, "SN-0042")
    stage.press(maria, "The place is clean: Yes")
    stage.sees(maria, "You said yes")
    stage.fill(maria, "Name of who signs", "Lena Brandt")
    stage.press(maria, "Sign with the name as typed")
    stage.press(maria, "Signed")
    stage.sees(maria, "Signed by Lena Brandt")


def _is_approved_and_due(stage: Stage) -> None:
    """Omar, whose page has shown it all, looks at what was handed in and approves; Maria sees what she is due."""
    omar, maria = stage.omar, stage.maria
    expect(omar.page.locator("header strong", has_text=stage.say("Done"))).to_be_visible(timeout=2 * PATIENCE_MS)
    expect(omar.page.get_by_role("link", name="The unit, closed")).to_be_visible()
    stage.sees(omar, "SN-0042")
    stage.look(omar, "to-approve")
    stage.press(omar, "Approve the work")
    stage.look(omar, "approving")
    stage.press(omar, "Approve the work", omar.page.get_by_role("dialog"))
    expect(omar.page.locator("header strong", has_text=stage.say("Approved"))).to_be_visible()
    stage.look(omar, "approved")
    stage.follow(maria, "Me")
    stage.follow(maria, "Money")
    due = maria.page.locator("dl > div").filter(has_text=stage.say("Due")).first.locator("dd")
    expect(due).to_have_text("$126")
    stage.look(maria, "money")
    # Over for the dispatcher, too, whose page was never loaded anew.
    expect(_row(stage.rosa, "WO-2")).to_have_count(0)
    assert stage.rosa.page.evaluate("window.isTheSame"), "a page that is loaded anew has forgotten it"
    stage.look(stage.rosa, "board")


def _posts(stage: Stage, number: str, title: str, day: int) -> None:
    """Omar types; beside it stands who may do it."""
    omar = stage.omar
    start = (stage.devices.town.world.start + timedelta(days=day)).astimezone(CHICAGO)
    if day == 0:
        omar.opens("/desk/")
    else:
        stage.follow(omar, "Work orders")
    stage.follow(omar, "Post a work order")
    stage.fill(omar, "Work", title)
    stage.fill(omar, "Your work order number", number)
    stage.choose(omar, "Skills", "hvac")
    stage.hands.fill(omar.page.get_by_label(stage.say("Store number, name or town")), "1147")
    stage.hands.set_date(stage.field(omar, "Day"), start.strftime("%Y-%m-%d"))
    stage.hands.set_date(stage.field(omar, "From"), start.strftime("%H:%M"))
    until = start + timedelta(hours=4)
    stage.hands.set_date(stage.field(omar, "To"), until.strftime("%H:%M"))
    stage.hands.choose(omar.page.get_by_label(stage.say("Who decides?")), stage.say("The first yes"))
    stage.fill(omar, "Sum in USD", "140")
    answer = omar.page.get_by_role("complementary", name=stage.say("Who may do it"))
    expect(answer.get_by_text(stage.say("may do it then, of 8 in reach"))).to_be_visible()
    expect(answer.locator(".count")).to_have_text("8")
    stage.look(omar, "posting")
    stage.press(omar, "Post it")
    expect(omar.page.get_by_role("heading", name=title)).to_be_visible()
    stage.sees(omar, "What happened")
    stage.look(omar, "posted")
    _board_shows(stage, number, "", "Open")


def _accepts(stage: Stage, phone: Device) -> None:
    stage.press(phone, "Accept ", exact=False)


def _row(rosa: Device, number: str) -> Locator:
    return rosa.page.locator(".work tr").filter(has=rosa.page.get_by_role("button", name=number, exact=True))


def _board_shows(stage: Stage, number: str, who: str, state: str) -> None:
    row = _row(stage.rosa, number)
    expect(row).to_contain_text(stage.say(state))
    expect(row).to_contain_text(who)
    stage.look(stage.rosa, f"board-{state.lower().replace(' ', '-')}")


USUAL = {"omar": DESK, "rosa": DESK, "maria": PHONE, "ray": PHONE}


def test_the_whole_story(devices: Devices) -> None:
    with staged(devices, Pointer(), USUAL, "light") as stage:
        tell(stage)


@pytest.mark.skipif(not LONG, reason="every size and theme: scripts/test --long")
@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_whole_story_at_every_size_and_theme(devices: Devices, size: tuple[int, int], scheme: str) -> None:
    with staged(devices, Pointer(), dict.fromkeys(USUAL, size), scheme) as stage:
        tell(stage)


@pytest.mark.skipif(not LONG, reason="in Spanish: scripts/test --long")
def test_the_whole_story_in_spanish(devices: Devices) -> None:
    """Nothing in English is left on any page on the way."""
    assert {"offers", "handed", "and", "yours"} <= only_english(), "English is known where it is read"
    with staged(devices, Pointer(), USUAL, "dark", is_spanish=True) as stage:
        tell(stage)


def test_the_whole_story_with_the_keyboard_alone(devices: Devices) -> None:
    with staged(devices, Keyboard(), USUAL, "light") as stage:
        tell(stage)
        _picks_by_keys(stage)


def _picks_by_keys(stage: Stage) -> None:
    """The board's own keys: a row, who was asked, the way back to the row."""
    keyboard, page = stage.rosa.page.keyboard, stage.rosa.page
    keyboard.press("j")
    expect(page.locator(".drawer h2")).to_contain_text("WO-1")
    page.evaluate("window.hasWalked = true")
    keyboard.press("a")
    expect(page.get_by_role("button", name="Asked")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".drawer :focus")).to_have_count(1)
    keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    stays_on(page)
    keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    stays_on(page)
