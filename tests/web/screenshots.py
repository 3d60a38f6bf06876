"""What do the faces look like? Every page in both sizes, from a real server with a week in it: `scripts/screenshots`.

Whoever adds a page adds a line to `PAGES`. It is no test: nothing is asserted but that the pages can be opened.
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, dress, take
from PIL import Image

SHOTS = Path(os.environ.get("TRUCKROLL_SCREENSHOTS", Path(__file__).resolve().parents[2] / "docs" / "screenshots"))
SIZES = {"desk": DESK, "phone": PHONE}
#: Enough for what we draw, and a fifth of the bytes.
NUM_COLORS = 96


@dataclass(frozen=True)
class Shot:
    """A page: its picture's name, who looks, its address (names in braces are filled in), what is pressed."""

    name: str
    who: str
    path: str
    presses: str = ""


TECHNICIAN = "technician"
CHECKLIST = [
    {"code": "after", "kind": "photo", "label": "The access points, mounted", "min_count": 2},
    {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-####"},
    {"code": "signed", "kind": "signature", "label": "The manager signs"},
]
PAGES = (
    Shot("sign-in", "", "/board/"),
    Shot("start", ADMIN, "/"),
    Shot("board", DISPATCHER, "/board/"),
    Shot("board-timeline", DISPATCHER, "/board/", "Timeline"),
    Shot("board-map", DISPATCHER, "/board/", "Map"),
    Shot("desk-jobs", ADMIN, "/desk/"),
    Shot("desk-job", ADMIN, "/desk/jobs/{job}"),
    Shot("desk-post", ADMIN, "/desk/post"),
    Shot("desk-upload", ADMIN, "/desk/upload"),
    Shot("desk-coverage", ADMIN, "/desk/coverage"),
    Shot("desk-morning", ADMIN, "/desk/morning"),
    Shot("desk-compliance", ADMIN, "/desk/compliance"),
    Shot("desk-approvals", ADMIN, "/desk/approvals"),
    Shot("desk-approvals-dispute", ADMIN, "/desk/approvals", "Dispute a part"),
    Shot("desk-technicians", ADMIN, "/desk/technicians"),
    Shot("desk-technicians-invite", ADMIN, "/desk/technicians", "Invite a technician"),
    Shot("desk-pools", ADMIN, "/desk/pools"),
    Shot("desk-pool", ADMIN, "/desk/pools/{pool}"),
    Shot("desk-pool-requirements", ADMIN, "/desk/pools/{pool}", "Change requirements"),
    Shot("desk-hours", ADMIN, "/desk/hours"),
    Shot("desk-money", ADMIN, "/desk/money"),
    Shot("desk-budgets", ADMIN, "/desk/budgets"),
    Shot("desk-budgets-change", ADMIN, "/desk/budgets", "Change PO-7781"),
    Shot("desk-agreements", ADMIN, "/desk/agreements"),
    Shot("desk-account", ADMIN, "/desk/account"),
    Shot("operator-disputes", OPERATOR, "/desk/operator/disputes"),
    Shot("operator-disputes-decide", OPERATOR, "/desk/operator/disputes", "Decide: {disputed}"),
    Shot("operator-reviews", OPERATOR, "/desk/operator/reviews"),
    Shot("operator-clients", OPERATOR, "/desk/operator/clients"),
    Shot("operator-rules", OPERATOR, "/desk/operator/rules"),
    Shot("operator-evidence", OPERATOR, "/desk/operator/audit", "Verify: Acme service"),
    Shot("phone-today", TECHNICIAN, "/phone/"),
    Shot("phone-offers", TECHNICIAN, "/phone/offers"),
    Shot("phone-offer", TECHNICIAN, "/phone/offers/{offer}"),
    Shot("phone-jobs", TECHNICIAN, "/phone/jobs"),
    Shot("phone-hand-in", TECHNICIAN, "/phone/visits/{day}/{visit}/work"),
    Shot("phone-me", TECHNICIAN, "/phone/me"),
    Shot("phone-messages", TECHNICIAN, "/phone/messages"),
    Shot("phone-money", TECHNICIAN, "/phone/money"),
    Shot("phone-visit", TECHNICIAN, "/phone/visits/{day}/{visit}"),
    Shot("phone-visit-incident", TECHNICIAN, "/phone/visits/{day}/{visit}", "Something happened"),
    Shot("phone-record", TECHNICIAN, "/phone/record"),
    Shot("phone-proofs", TECHNICIAN, "/phone/proofs"),
    Shot("phone-proof-new", TECHNICIAN, "/phone/proofs/new"),
    Shot("phone-usage", TECHNICIAN, "/phone/usage"),
    Shot("phone-hours", TECHNICIAN, "/phone/hours"),
    Shot("phone-settings", TECHNICIAN, "/phone/settings"),
)


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_drawn(devices: Devices, acme: Dressed, size: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    names, emails = whose(devices, acme)
    for who in dict.fromkeys(each.who for each in PAGES):
        with devices.device(SIZES[size]) as device:
            if who:
                devices.sign_in(device, emails.get(who, who), "nav, header button")
            for shot in (each for each in PAGES if each.who == who):
                _draw(device, shot, size, names)


def _keep(acme: Dressed) -> None:
    """A budget, and something to sign."""
    client = f"/v1/clients/{acme.town.world.client}"
    budget = {"code": "PO-7781", "name": "Refit of the Texan stores", "amount": "400.00", "from_on": "2026-01-01"}
    done(acme.admin.post(f"{client}/budgets", budget))
    nda = {"code": "nda", "name": "NDA", "family": "agreement", "is_screening": False}
    done(acme.operator.post("/v1/credential-kinds", nda))
    words = "What you see on a site of ours stays there."
    done(acme.admin.post(f"{client}/agreements", {"kind": "nda", "words": words}))


def whose(devices: Devices, acme: Dressed) -> tuple[dict[str, str], dict[str, str]]:
    """What the addresses of the pages are filled with, and who is called only by their role; with work of today."""
    _keep(acme)
    here = take(devices.town, "Mount the access points", 0, starts_min=0, budget="PO-7781", deliverables=CHECKLIST)
    here.does("confirm", "leave", "check-in")
    day = done(here.technician.get(here.visit))["planned_start_at"][:10]
    job, offers = devices.town.offered(title="Replace the card reader")
    technician = devices.town.world.technicians[0]
    offer = next(each for each in offers if each.technician_id == technician)
    names = {"pool": acme.pool, "job": job["id"], "offer": str(offer.id), "disputed": acme.jobs["disputed"]}
    names |= {"day": day, "visit": here.visit.rpartition("/")[2]}
    return names, {TECHNICIAN: devices.address_of(technician)}


def show(device: Device, shot: Shot, names: dict[str, str]) -> None:
    """Open a page, and wait until it is as people see it."""
    device.opens(shot.path.format(**names))
    if shot.presses:
        device.page.get_by_role("button", name=shot.presses.format(**names), exact=True).first.click()
    # Some pages listen for ever: what they show first is what is drawn.
    device.page.wait_for_timeout(1_200)
    device.page.evaluate("document.fonts.ready")


def _draw(device: Device, shot: Shot, size: str, names: dict[str, str]) -> None:
    show(device, shot, names)
    with Image.open(io.BytesIO(device.page.screenshot())) as taken:
        small = taken.convert("RGB").quantize(NUM_COLORS, dither=Image.Dither.NONE)
        small.save(SHOTS / f"{shot.name}-{size}.png", optimize=True)
