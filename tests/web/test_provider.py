"""People come in by their company's login, in a real browser and by a real provider; what fails there says so here."""

from collections.abc import Callable, Iterator

import pytest
from browsing import DESK, PHONE, Devices
from playwright.sync_api import Browser, expect
from provider import CLIENT, SECRET, OpenIdProvider, running_provider
from signing import add_staff, give_address
from streaming import free_port, serving
from town import small_town

ROSA = "rosa@acme.example"
OPEN, ABRIR = "Sign in with Acme", "Entrar con Acme"
SPANISH = {"locale": "es-US"}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with running_provider() as found:
        yield found


@pytest.fixture
def devices(database_url: str, redis_url: str, browser: Browser, provider: OpenIdProvider) -> Iterator[Devices]:
    """The provider is another site to browsers, as a real one is: 127.0.0.1, and we are localhost."""
    own = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    port = free_port()
    url = f"http://localhost:{port}"
    with (
        small_town(database_url, redis_url, public_url=url, oidc_name="Acme", **own) as town,
        serving(town.app, port),
    ):
        yield Devices(town, url, browser, (provider.issuer,))


def test_the_company_s_button_leads_through_the_provider_and_back_to_the_page(
    devices: Devices, provider: OpenIdProvider
) -> None:
    add_staff(devices.town, "client_admin", ROSA, "Rosa Marsh")
    with devices.device(DESK) as desk:
        desk.opens("/desk/account")
        desk.page.get_by_role("link", name=OPEN).wait_for()
        assert desk.barriers() == []
        desk.follows(OPEN)
        desk.sees("Rosa Marsh, administrator, Acme service")
        desk.sees("by your sign-in provider")
        assert (desk.page.url, provider.num_exchanged) == (f"{devices.url}/desk/account", 1)
        # From the front door whoever comes is led to the page that their day begins with.
        desk.presses("Sign out")
        desk.opens("/")
        desk.follows(OPEN)
        desk.page.wait_for_url("**/desk/morning")
        assert provider.num_exchanged == 2
    technician = devices.town.world.technicians[0]
    give_address(devices.town, technician, "maria@home.example")
    provider.email = "maria@home.example"
    with devices.device(PHONE, **SPANISH) as phone:
        phone.opens("/phone/me")
        assert phone.barriers() == []
        phone.follows(ABRIR)
        phone.page.locator("nav").wait_for()
        assert phone.page.url == f"{devices.url}/phone/me"


def _denies(provider: OpenIdProvider) -> None:
    provider.refuses = True


def _mixes_up(provider: OpenIdProvider) -> None:
    provider.state = "another"


def _has_a_stranger(provider: OpenIdProvider) -> None:
    provider.email = "nobody@elsewhere.example"


def _vouches_for_nothing(provider: OpenIdProvider) -> None:
    provider.verified = False


#: What goes wrong, and what is said of it.
WRONG: list[tuple[Callable[[OpenIdProvider], None], str, str]] = [
    (_denies, "The sign-in provider did not let you in", "El proveedor de entrada no le dejó pasar"),
    (_mixes_up, "The sign-in with the provider did not work", "La entrada con el proveedor no funcionó"),
    (_has_a_stranger, "Nobody here has the address that you have at", "Nadie aquí tiene el correo que usted usa"),
    (_vouches_for_nothing, "does not say that your address is yours", "no confirma que el correo sea suyo"),
]


@pytest.mark.parametrize(
    ("size", "at", "button", "link", "more"),
    [(DESK, 1, OPEN, "Mail me a link", {}), (PHONE, 2, ABRIR, "Enviarme un enlace", SPANISH)],
)
def test_what_fails_on_the_way_is_said_at_the_door_which_stays_open(
    devices: Devices, provider: OpenIdProvider, size, at: int, button: str, link: str, more: dict[str, str]
) -> None:
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    good = dict(vars(provider))
    with devices.device(size, **more) as device:
        device.opens("/")
        # A provider that does not answer sends nobody away.
        known = devices.town.app.state.parts.provider
        known.issuer = f"http://127.0.0.1:{free_port()}"
        device.follows(button)
        expect(device.page.get_by_role("alert")).to_contain_text(("does not answer", "no responde")[at - 1])
        known.issuer = provider.issuer
        for wrong in WRONG:
            wrong[0](provider)
            device.follows(button)
            expect(device.page.get_by_role("alert")).to_contain_text(str(wrong[at]))
            # Neither what went wrong nor what the provider said stays in the address.
            assert device.page.url == f"{devices.url}/sign-in"
            expect(device.page.get_by_role("button", name=link)).to_be_enabled()
            vars(provider).update(good)
        assert device.barriers() == []
        assert device.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        # The same button is the way on, and so would be a link.
        device.follows(button)
        device.page.wait_for_url("**/board/")
        device.page.locator("header").first.wait_for()


def test_without_a_provider_there_is_no_button(database_url: str, redis_url: str, browser: Browser) -> None:
    with small_town(database_url, redis_url) as town, serving(town.app) as url:
        plain = Devices(town, url, browser)
        with plain.device(DESK) as desk:
            with desk.page.expect_response("**/v1/sign-in/ways"):
                desk.opens("/")
            desk.presses("Mail me a link")
            expect(desk.page.get_by_role("link")).to_have_count(0)
