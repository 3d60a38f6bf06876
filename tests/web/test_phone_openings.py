"""What would a missing proof have opened? Counted from real jobs, told in the reader's language and unit."""

from typing import Any

from browsing import Device, Devices
from dressed import done
from playwright.sync_api import Locator, expect

KIND = "background_check"
#: 35 and 45 miles south of the nearest technician, who stands 1 km north of the site of the small world.
NEAR, FAR = 29.8610, 29.7160


def test_jobs_that_one_missing_proof_alone_kept_away_are_counted_in_both_languages_and_units(devices: Devices):
    town, email = devices.town, devices.address_of(devices.town.world.technicians[0])
    near, far = (site(devices, number, lat) for number, lat in (("1149", NEAR), ("1150", FAR)))
    with devices.device() as phone, devices.device(locale="es-MX", scheme="dark") as other:
        devices.sign_in(phone, email)
        phone.opens("/phone/proofs")
        phone.sees("No job near you was closed to you for one missing proof alone.")
        wants(devices, 3)
        wants(devices, 1, near)
        # Too far away, wanting a skill as well, or open without it: none of them counts.
        wants(devices, 2, far)
        wants(devices, 1, skills={"hvac": 5})
        town.posted()
        looks(phone)
        phone.sees(
            "Jobs within 40 miles in the last 30 days that were open to you but for one proof. It is no promise."
        )
        expect(line(phone)).to_have_count(1)
        expect(line(phone)).to_contain_text("a few jobs")
        wants(devices, 1, near)
        looks(phone)
        expect(line(phone)).to_contain_text("5 jobs or more")
        assert phone.barriers() == []

        devices.sign_in(other, email)
        other.opens("/phone/proofs")
        other.sees("Trabajos a menos de 64 kilómetros en los últimos 30 días")
        expect(line(other)).to_contain_text("5 trabajos o más")
        assert other.barriers() == []
        wants(devices, 4)
        for each, words in ((phone, "5 jobs or more"), (other, "5 trabajos o más")):
            looks(each)
            expect(line(each)).to_contain_text(words)
        wants(devices, 1)
        for each, words in ((phone, "10 jobs or more"), (other, "10 trabajos o más")):
            looks(each)
            expect(line(each)).to_contain_text(words)


def looks(phone: Device) -> None:
    phone.page.reload()
    line(phone).wait_for()


def line(phone: Device) -> Locator:
    """What the proof would open: the only one of the list."""
    words = "Qué abriría más" if phone.page.evaluate("navigator.language") == "es-MX" else "What would open more"
    return phone.page.locator("section", has=phone.page.get_by_role("heading", name=words)).get_by_role("listitem")


def wants(devices: Devices, num: int, site_id: str | None = None, **needs: Any) -> None:
    """Acme posts so many jobs that want the proof."""
    slot = {"needs": {"skills": {"hvac": 2}, "credentials": [KIND]} | needs, "pay": {"amount": "140.00"}}
    for _ in range(num):
        devices.town.posted(slots=[slot], **({"site_id": site_id} if site_id else {}))


def site(devices: Devices, number: str, lat: float) -> str:
    site = {
        "store_number": number,
        "name": f"Store {number}",
        "address": "1 Yard Rd",
        "town": "Marathon",
        "region": "TX",
    }
    made: str = done(devices.town.staff.post("/v1/sites", site | {"postcode": "79842", "lat": lat, "lng": -103.661}))[
        "id"
    ]
    return made
