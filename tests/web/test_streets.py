"""Streets beneath the maps come from the server that the operator names and from no other; without one, from nobody."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browsing import DESK, PATIENCE_MS, Device, Devices
from fastapi import FastAPI
from fastapi.responses import Response
from PIL import Image
from playwright.sync_api import Browser, Error, expect
from signing import add_staff
from streaming import serving
from town import small_town

ROSA = "rosa@acme.example"
CREDIT = "© Street makers"
#: Nothing of ours is drawn in it.
STREET = (255, 0, 170)
#: What the page's own policy kept it from, said by the browser.
_LISTEN = """
    window.kept = [];
    document.addEventListener('securitypolicyviolation', (event) => window.kept.push(event.blockedURI));
"""
_TRY = """(url) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done('drawn');
    image.onerror = () => done('kept away');
    image.src = url;
})"""


@contextmanager
def streets() -> Iterator[tuple[str, list[str]]]:
    """A server of tiles of one colour, on a port of its own, and what it was asked for."""
    app = FastAPI()
    asked: list[str] = []
    written = io.BytesIO()
    Image.new("RGB", (256, 256), STREET).save(written, "PNG")

    @app.get("/{z}/{x}/{y}.png")
    def tile(z: int, x: int, y: int) -> Response:
        asked.append(f"{z}/{x}/{y}")
        return Response(written.getvalue(), media_type="image/png")

    with serving(app) as url:
        yield url, asked


@pytest.fixture
def tiles() -> Iterator[tuple[str, list[str]]]:
    with streets() as found:
        yield found


@pytest.fixture
def paved(database_url: str, redis_url: str, browser: Browser, tiles: tuple[str, list[str]]) -> Iterator[Devices]:
    url, _ = tiles
    with (
        small_town(database_url, redis_url, tiles_url=f"{url}/{{z}}/{{x}}/{{y}}.png", tiles_credit=CREDIT) as town,
        serving(town.app) as at,
    ):
        yield Devices(town, at, browser, (url,))


def _sees_streets(device: Device, map_: str) -> None:
    """Wait until most of a map is drawn in the tiles' colour."""
    for _ in range(PATIENCE_MS // 100):
        try:
            shot = Image.open(io.BytesIO(device.page.locator(map_).screenshot())).convert("RGB")
        except Error:
            # It is drawn anew at this moment.
            continue
        counted = shot.getcolors(shot.width * shot.height) or []
        if sum(num for num, color in counted if color == STREET) > shot.width * shot.height / 2:
            return
        device.page.wait_for_timeout(100)
    raise AssertionError(f"no streets in {device.page.url}")


def test_streets_are_asked_of_the_server_that_is_named_and_drawn_under_the_strict_policy(
    paved: Devices, tiles: tuple[str, list[str]]
) -> None:
    url, asked = tiles
    add_staff(paved.town, "dispatcher", ROSA, "Rosa Marsh")
    paved.town.posted(title="Nobody was asked yet")
    with paved.device(DESK) as desk:
        desk.page.add_init_script(_LISTEN)
        paved.sign_in(desk, ROSA, "header")
        with desk.page.expect_response(f"{url}/**") as first:
            desk.presses("Map")
        assert first.value.status == 200
        _sees_streets(desk, ".map figure svg[role=img]")
        # Nearer, it asks for the finer ones; what streets say already is not said again.
        zoom = max(int(each.split("/")[0]) for each in asked)
        with desk.page.expect_response(f"{url}/{zoom + 1}/**"):
            desk.page.get_by_role("button", name="Nearer").click()
        expect(desk.page.locator("[data-name]")).to_have_count(0)
        expect(desk.page.get_by_text(CREDIT)).to_be_visible()
        assert desk.barriers() == []
        assert desk.page.evaluate("window.kept") == []
        # The policy is as strict as before to everybody else.
        other = url.replace("127.0.0.1", "localhost") + "/0/0/0.png"
        assert desk.page.evaluate(_TRY, other) == "kept away"
        assert desk.page.evaluate("window.kept") == [other]
        assert "0/0/0" not in asked
        desk.faults.clear()
    with paved.device() as phone:
        phone.page.add_init_script(_LISTEN)
        paved.sign_in(phone, paved.address_of(paved.town.world.technicians[0]))
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.opens("/phone/jobs")
        phone.sees("Nobody was asked yet")
        phone.presses("On a map")
        _sees_streets(phone, "main figure svg[role=img]")
        expect(phone.page.get_by_text(CREDIT)).to_be_visible()
        assert phone.page.evaluate("window.kept") == []


def test_without_such_a_server_a_map_asks_nobody_else(devices: Devices) -> None:
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    devices.town.posted(title="Replace pump")
    with devices.device(DESK) as desk:
        asked: list[str] = []
        desk.context.on("request", lambda request: asked.append(request.url))
        devices.sign_in(desk, ROSA, "header")
        with desk.page.expect_response("**/v1/base-map"):
            desk.presses("Map")
        desk.sees("Near Alpine, TX")
        with desk.page.expect_response("**/v1/base-map/towns?**"):
            desk.page.get_by_role("button", name="Nearer").click()
        desk.page.locator("path.county").wait_for(state="attached")
        expect(desk.page.locator("svg image")).to_have_count(0)
        assert any("/v1/base-map/towns" in each for each in asked)
        assert [each for each in asked if not each.startswith((f"{devices.url}/", "blob:", "data:"))] == []
