"""A word that is longer than a line, in whatever people write: is it broken, or has the page to be pushed sideways?"""

from datetime import timedelta
from typing import Any

import pytest
from browsing import Device, Devices
from canaries import write_everywhere
from dressed import done
from playwright.sync_api import expect
from signing import add_staff
from sitting import fits

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
#: A phone of today, and the narrowest that WCAG 2.2 asks of a page (1.4.10).
WIDTHS = (390, 320)
CLARA, OLGA = "clara@acme.example", "olga@network.example"
CHECKLIST = [
    {"code": "after", "kind": "photo", "label": "The unit, closed"},
    {"code": "serial", "kind": "serial", "label": "Serial number"},
    {"code": "pressure", "kind": "reading", "label": "Pressure", "unit": "psi", "low": 60, "high": 75},
    {"code": "signed", "kind": "signature", "label": "The manager signs"},
]
#: These two have nothing of anybody's words here, and are looked at all the same.
WORDLESS = {"/phone/proofs", "/desk/technicians"}
FEW = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}

PHONE_PAGES = (
    "/phone/day/{day}",
    "/phone/visits/{day}/{visit}",
    "/phone/visits/{day}/{visit}/work",
    "/phone/offers",
    "/phone/offers/{offer}",
    "/phone/me",
    "/phone/messages",
    "/phone/messages/job/{job}",
    "/phone/money",
    "/phone/proofs",
    "/phone/proofs/{proof}",
    "/phone/proofs/sign/{client}/nda",
    "/phone/clients",
)
DESK_PAGES = (
    "/desk/",
    "/desk/jobs/{job}",
    "/desk/jobs/{over}",
    "/desk/templates",
    "/desk/approvals",
    "/desk/technicians",
    "/desk/pools/{pool}",
    "/desk/budgets",
    "/desk/agreements",
)
OPERATOR_PAGES = ("/desk/operator/disputes", "/desk/operator/clients")


@pytest.fixture
def wordy(devices: Devices, admin_url: str) -> dict[str, str]:
    """Work to come, an offer, work that is argued about and what hangs on them, with the word in every text."""
    town = devices.town
    admin, operator = town.key("client_admin", client_id=town.world.client), town.key("operator")
    url = f"/v1/clients/{town.world.client}"
    add_staff(town, "client_admin", CLARA, "Clara Whitfield")
    add_staff(town, "operator", OLGA, "Olga Brandt")
    done(operator.post(f"{url}/money", {"rules": {"fee_share": "0.10"}}))
    done(operator.post(f"{url}/funds", {"amount": "900.00"}))
    site = f"/v1/sites/{town.world.site}"
    more = {
        "access": "By the rear door", "parking": "In the yard",
        "contacts": [{"name": "The night porter", "role": "keys to the roof", "phone": "+13125550143"}],
        "hazards": [{"code": "asbestos", "note": "The plant room"}],
    }  # fmt: skip
    done(admin.patch(site, more, admin.get(site).headers["ETag"]))
    names = _desk(devices) | _work(devices)
    write_everywhere(admin_url, WORD)
    town.app.state.parts.refresh()
    return names


def _desk(devices: Devices) -> dict[str, str]:
    """What a client keeps: a pool, a template, a budget, words to sign."""
    town = devices.town
    admin = town.key("client_admin", client_id=town.world.client)
    url = f"/v1/clients/{town.world.client}"
    pool = done(admin.post("/v1/pools", {"name": "Night crew"}))["id"]
    kept = ("job_type", "duration_min", "slots")
    work = {key: town.job_body()[key] for key in kept} | {"title": "Swap the till"}
    done(admin.post("/v1/templates", {"name": "Swap the till", "job": work}))
    budget = {"code": "PO-7781", "name": "Refit of the stores", "amount": "400.00", "from_on": "2026-01-01"}
    done(admin.post(f"{url}/budgets", budget))
    nda = {"code": "nda", "name": "NDA", "family": "agreement", "is_screening": False}
    done(town.key("operator").post("/v1/credential-kinds", nda))
    done(admin.post(f"{url}/agreements", {"kind": "nda", "words": "What you see stays there."}))
    return {"pool": pool, "client": str(town.world.client)}


def _work(devices: Devices) -> dict[str, str]:
    """What one technician has: work to come, an offer, work that was done and is argued about, a proof, a favourite."""
    town = devices.town
    over, offers = town.offered(policy=FEW)
    who = offers[0].technician_id
    mine = town.by_id(who)
    visit = _accepts(mine, offers)
    done(mine.post(f"/v1/visits/{visit}/check-in"))
    done(mine.post(f"/v1/visits/{visit}/check-out", {"note": "The frame is bent"}))
    done(mine.post(f"/v1/jobs/{over['id']}/finish"))
    [payment] = done(mine.get("/v1/payments"))["items"]
    wish = {"amount": "20.00", "reason": "hours", "position": {"note": "I was there longer"}}
    done(mine.post(f"/v1/payments/{payment['id']}/dispute", wish))

    job, offers = town.offered(description="Swap the drive", deliverables=CHECKLIST)
    visit = _accepts(mine, [each for each in offers if each.technician_id == who])
    done(town.staff.post(f"/v1/jobs/{job['id']}/parts", {"item": "A drive", "state": "ordered", "note": "At bay 3"}))
    for caller in (town.staff, mine):
        done(caller.post(f"/v1/jobs/{job['id']}/messages", {"text": "Is the old drive with you?"}))
    done(mine.post(f"/v1/visits/{visit}/proposals", {"pay": {"amount": "160.00"}, "note": "It is heavier"}))
    start = town.world.start + timedelta(days=1)
    later = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    _, offers = town.offered(description="Fix the card reader", window=later)
    offer = next(each for each in offers if each.technician_id == who)
    claim = {"kind": "background_check", "valid_from": "2026-01-01", "valid_until": "2099-11-01", "evidence": "Card 1"}
    proof = done(mine.post(f"/v1/technicians/{who}/credentials", claim | {"is_submitted": False}))["id"]
    favour = {"kind": "favourite", "reason": "Pays on time"}
    done(mine.call("PUT", f"/v1/clients/{town.world.client}/mark", json=favour))
    return {
        "email": devices.address_of(who), "job": job["id"], "over": over["id"], "visit": visit,
        "day": str(town.world.start.date()), "offer": str(offer.id), "proof": proof,
    }  # fmt: skip


def _accepts(caller: Any, offers: list[Any]) -> str:
    yes = {"terms_version": offers[0].terms_version}
    return str(done(caller.post(f"/v1/offers/{offers[0].id}/accept", yes))["visit_id"])


def test_no_page_is_wider_than_the_screen_whatever_its_words(devices: Devices, wordy: dict[str, str]) -> None:
    assert len(WORD) == 80
    wide = []
    for email, pages in ((wordy["email"], PHONE_PAGES), (CLARA, DESK_PAGES), (OLGA, OPERATOR_PAGES)):
        with devices.device((WIDTHS[0], 844)) as device:
            devices.sign_in(device, email, "nav, header button")
            for path in pages:
                device.opens(path.format(**wordy))
                device.page.locator("main h1, main h2, header h1").first.wait_for(state="attached")
                if path not in WORDLESS:
                    device.page.locator("main").get_by_text(WORD).first.wait_for(state="attached")
                wide += _too_wide(device)
    assert wide == []


def test_what_has_no_words_of_anybodys_fits_the_narrowest_phone(devices: Devices) -> None:
    add_staff(devices.town, "operator", OLGA, "Olga Brandt")
    technician = devices.address_of(devices.town.world.technicians[0])
    wide = []
    for email, path, landmark in (
        (technician, "/phone/hours", "Take time off"),
        (technician, "/phone/record", "Point by point"),
        (technician, "/phone/settings", "Make an address"),
        (OLGA, "/desk/operator/rules", "Version 1"),
    ):
        with devices.device((WIDTHS[0], 844)) as device:
            devices.sign_in(device, email, "nav, header button")
            device.opens(path)
            device.sees(landmark)
            wide += _too_wide(device)
    assert wide == []


#: The innermost element that reaches as far as the page does: what has to be mended.
_WIDEST = """() => {
    const reach = (each) => each.getBoundingClientRect().right + scrollX
    const most = document.documentElement.scrollWidth
    const past = [...document.querySelectorAll('body *')].filter((each) => Math.abs(reach(each) - most) < 1.5)
    return past.map((each) => each.outerHTML.slice(0, 90)).join(' ; ')
}"""


def _too_wide(device: Device) -> list[str]:
    device.page.wait_for_load_state("networkidle")
    expect(device.page.locator("[data-skeleton]")).to_have_count(0)
    found = []
    for width in WIDTHS:
        device.page.set_viewport_size({"width": width, "height": 844})
        if not fits(device):
            more = device.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found.append(f"{device.page.url} at {width} px: {more} px wider, by {device.page.evaluate(_WIDEST)}")
    device.page.set_viewport_size({"width": WIDTHS[0], "height": 844})
    return found
