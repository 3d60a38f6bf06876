"""How do tests use the faces? In a real browser against the real server, as a person would: Debian's Chromium.

A page that breaks the Content-Security-Policy, throws, or asks a server that its test did not name fails its test.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from sqlalchemy import select
from town import Town

from dispatch.record.session import Actor
from dispatch.record.tables import TechnicianRow
from dispatch.signin.links import make_link

_AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: What the browser itself says of a network that is not there, or of an answer that is no success.
_EXPECTED = ("net::ERR_INTERNET_DISCONNECTED", "Failed to load resource: the server responded")

#: So long does a test wait for what a page shows: past the longest pause of a page that asks again by itself (15 s), on
#: a machine that has much else to do.
PATIENCE_MS = 25_000
expect.set_options(timeout=PATIENCE_MS)
#: Longer than a browser takes to start beside others.
_START_MS = 120_000

PHONE, DESK = (390, 844), (1440, 900)
#: So often does somebody try again who is told that the server had no time.
_MORE_TIMES = 3
#: A page that still grows then is a fault of its own.
_MOST_LOOKS = 5


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, without a window."""
    program = shutil.which("chromium")
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("no chromium here; as root scripts/test installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"], timeout=_START_MS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Device:
    """Somebody's phone or desk: a browser of their own, with what went wrong in it."""

    url: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    #: Other servers that it may ask.
    others: tuple[str, ...] = ()

    def opens(self, path: str) -> None:
        """Go to an address, and wait until the face is there."""
        self.page.goto(self.url + path)
        self.page.locator("main").first.wait_for()

    def sees(self, words: str) -> None:
        """Wait for words on the page."""
        self.page.get_by_text(words).first.wait_for()

    def presses(self, name: str) -> None:
        """Press a button by what it says."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        """Follow a link by what it says."""
        self.page.get_by_role("link", name=name).first.click()

    def heard(self) -> None:
        """Wait until nothing waits to be sent from a technician's phone: the record has what it shows."""
        expect(self.page.locator("[data-waiting]")).to_have_count(0)

    def offline(self, is_off: bool) -> None:
        """The network goes, or comes back."""
        self.context.set_offline(is_off)

    def barriers(self) -> list[str]:
        """What keeps people from using the page as it is now, of a serious kind."""
        size = self.page.viewport_size or {"width": PHONE[0], "height": PHONE[1]}
        # All of the page at once: what a bar lies over now, a finger scrolls out from under it. A page that grew since
        # is looked at again.
        for _ in range(_MOST_LOOKS):
            height = self._height()
            self.page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
            found: dict[str, Any] = self.page.evaluate(f"{_AXE.read_text()};\naxe.run({{ runOnly: {_RULES} }})")
            if self._height() <= max(height, size["height"]):
                break
        self.page.set_viewport_size(size)
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {node['html'][:200]}" for each in serious for node in each["nodes"]]

    def _height(self) -> int:
        height: int = self.page.evaluate("document.documentElement.scrollHeight")
        return height


@dataclass
class Devices:
    """Browsers of people of one town."""

    town: Town
    url: str
    browser: Browser
    #: Other servers that they may ask.
    others: tuple[str, ...] = ()

    @contextmanager
    def device(self, size: tuple[int, int] = PHONE, scheme: str = "light", **more: Any) -> Iterator[Device]:
        """A browser of its own; it must not have complained when the block ends."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            **{
                "locale": "en-US",
                "timezone_id": "America/Chicago",
                "geolocation": {"latitude": 30.3600, "longitude": -103.6610},
                "permissions": ["geolocation"],
            }
            | more,
        )
        context.set_default_timeout(PATIENCE_MS)
        found = Device(self.url, context, context.new_page(), others=self.others)
        found.page.on("console", lambda message: _note(found, message))
        found.page.on("pageerror", lambda error: found.faults.append(f"thrown: {error}"))
        context.on("request", lambda request: _check_origin(found, request))
        try:
            yield found
        finally:
            context.close()
        assert found.faults == [], found.faults

    def link_for(self, email: str) -> str:
        """The token of a link for somebody."""
        with self.town.world.as_engine() as (session, now):
            return make_link(session, Actor("operator"), email, timedelta(minutes=30), now=now)

    def sign_in(self, device: Device, email: str, landmark: str = "nav") -> None:
        """Open a link as it stands in a mail, press its button, and wait for a landmark of the face."""
        for num in range(1 + _MORE_TIMES):
            device.opens(f"/sign-in?{num}#token={self.link_for(email)}")
            with device.page.expect_response("**/v1/sign-in/link/open") as opened:
                device.page.locator("main button.main").click()
            # A link whose answer did not come in time may be used up.
            if opened.value.status != 503:
                break
        device.page.locator(landmark).first.wait_for()

    def address_of(self, technician: UUID) -> str:
        """A technician's mail address."""
        with self.town.world.as_engine() as (session, _):
            return session.scalars(select(TechnicianRow.email).where(TechnicianRow.id == technician)).one() or ""


def _note(device: Device, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning") and not any(each in message.text for each in _EXPECTED):
        device.faults.append(f"{message.type}: {message.text}")


def _check_origin(device: Device, request: Request) -> None:
    if not request.url.startswith((device.url, *device.others, "blob:", "data:")):
        device.faults.append(f"asked elsewhere: {request.url}")
