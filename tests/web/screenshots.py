"""What do the faces look like? Every page in both sizes, from a real server with a week in it: `scripts/screenshots`.

Whoever adds a page adds a line to `PAGES`. It is no test: nothing is asserted but that the pages can be opened.
"""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import ADMIN, BRIEFED, DISPATCHER, OPERATOR, Dressed, Taken, done, dress, take
from PIL import Image
from playwright.sync_api import Error
from sqlalchemy import select
from town import Town

from dispatch.record.tables import CredentialRow

SHOTS = Path(os.environ.get("TRUCKROLL_SCREENSHOTS", Path(__file__).resolve().parents[2] / "docs" / "screenshots"))
SIZES = {"desk": DESK, "phone": PHONE}
#: Enough for what we draw, and a fifth of the bytes.
NUM_COLORS = 64
CHICAGO = ZoneInfo("America/Chicago")


#: It is still when nothing is brought or taken for this long, and no skeleton stands where something is being read.
STILL_MS, PATIENCE_MS = 400, 30_000
_IS_STILL = """([still, patience]) => new Promise((resolve, reject) => {
  let changed = performance.now()
  const until = changed + patience
  const watch = new MutationObserver(() => { changed = performance.now() })
  watch.observe(document.body, { childList: true, subtree: true })
  const look = () => {
    const now = performance.now()
    const isRead = document.querySelector('[data-skeleton]') === null
    if (isRead && now - changed >= still) { watch.disconnect(); resolve() }
    else if (now > until) reject(new Error(isRead ? 'the page never rests' : 'a skeleton is left'))
    else setTimeout(look, 50)
  }
  look()
})"""

Names = dict[str, str]
TITLE = "main :is(h1, h2)"


def _fills_in(desk: Device, names: Names) -> None:
    """What somebody types who asks for a refit at a store."""
    label = desk.page.get_by_label
    label("Work", exact=True).fill("Replace the condenser fan")
    label("Store number, name or town").fill("1147")
    label("Day", exact=True).fill(names["on"])
    label("From", exact=True).fill("13:00")
    label("To", exact=True).fill("17:00")
    label("Sum in USD", exact=True).fill("140")
    desk.page.get_by_role("combobox", name="Skills", exact=True).select_option(label="hvac")
    desk.page.get_by_role("combobox", name="Least level of hvac", exact=True).select_option(label="Level 5")
    desk.sees("it is the only reason")
    desk.page.evaluate("scrollTo(0, 0)")


def _uploads(desk: Device, names: Names) -> None:
    """A table with one bad cell."""
    when = f"{names['on']} 09:00,{names['on']} 13:00"
    lines = (
        "number,store_number,title,job_type,start,end,duration_min,skills,pay",
        f"WO-4101,1147,Swap the till printer,hardware,{when},60,hvac:2,140",
        f"WO-4102,1152,Mount two access points,hardware,{when},90,hvac:2,a lot",
        f"WO-4103,1160,Replace the drive,hardware,{when},60,hvac:3,155",
    )
    desk.page.get_by_label("CSV file").set_input_files(
        files=[{"name": "jobs.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}]
    )
    desk.sees("One field cannot be used.")


def _turns_to_the_day(desk: Device, names: Names) -> None:
    """The day of the timeline that has work."""
    desk.presses("Timeline")
    for _ in range(int(names["days"])):
        desk.presses("The day after")
    desk.page.locator(".lane [data-row]").nth(3).wait_for()
    desk.page.locator(".lane [data-row]").last.scroll_into_view_if_needed()
    desk.page.evaluate("scrollTo(0, 0)")


@dataclass(frozen=True)
class Shot:
    """A page: its picture's name, who looks, its address (names in braces are filled in), what is pressed or done.

    It is drawn when what `sees` selects is there and the page is still.
    """

    name: str
    who: str
    path: str
    presses: str = ""
    acts: Callable[[Device, Names], None] | None = None
    sees: str = TITLE


TECHNICIAN, TOLD = "technician", "who was told something"
CHECKLIST = [
    {"code": "after", "kind": "photo", "label": "The access points, mounted", "min_count": 2},
    {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-####"},
    {"code": "signed", "kind": "signature", "label": "The manager signs"},
]
PAGES = (
    Shot("sign-in", "", "/board/"),
    Shot("start", ADMIN, "/"),
    Shot("board", DISPATCHER, "/board/", sees=".work tbody tr"),
    Shot("board-timeline", DISPATCHER, "/board/", acts=_turns_to_the_day),
    Shot("board-map", DISPATCHER, "/board/", "Map", sees="[data-spot] >> nth=2"),
    Shot("board-why", DISPATCHER, "/board/?job={ready}", "Why this one", sees=".drawer >> text=may do it"),
    Shot("desk-jobs", ADMIN, "/desk/"),
    Shot("desk-job", ADMIN, "/desk/jobs/{job}"),
    Shot("desk-post", ADMIN, "/desk/post", acts=_fills_in),
    Shot("desk-post-again", ADMIN, "/desk/post/{template}"),
    Shot("desk-templates", ADMIN, "/desk/templates"),
    Shot("desk-upload", ADMIN, "/desk/upload", acts=_uploads),
    Shot("desk-coverage", ADMIN, "/desk/coverage", sees="button:has-text('Your sites: ')"),
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
    Shot("desk-answers", ADMIN, "/desk/reviews", sees="text=Bare wires"),
    Shot("desk-account", ADMIN, "/desk/account"),
    Shot("operator-board", OPERATOR, "/board/"),
    Shot("operator-disputes", OPERATOR, "/desk/operator/disputes"),
    Shot("operator-disputes-decide", OPERATOR, "/desk/operator/disputes", "Decide: {disputed}"),
    Shot("operator-reviews", OPERATOR, "/desk/operator/reviews"),
    Shot("operator-erasures", OPERATOR, "/desk/operator/erasures", sees="text=Work that is not paid yet"),
    Shot("operator-clients", OPERATOR, "/desk/operator/clients"),
    Shot("operator-companies", OPERATOR, "/desk/operator/companies"),
    Shot("operator-companies-class", OPERATOR, "/desk/operator/companies", "How it is taxed: Davis Mountain Crews"),
    Shot("operator-clearances", OPERATOR, "/desk/operator/clearances", sees="text=US person through"),
    Shot("operator-clearances-change", OPERATOR, "/desk/operator/clearances", "Your word: {cleared}"),
    Shot("operator-rules", OPERATOR, "/desk/operator/rules"),
    Shot("operator-evidence", OPERATOR, "/desk/operator/audit", "Verify: Acme service"),
    Shot("phone-today", TECHNICIAN, "/phone/", sees="button:has-text('On my way')"),
    Shot("phone-offers", TECHNICIAN, "/phone/offers"),
    Shot("phone-offer", TECHNICIAN, "/phone/offers/{offer}"),
    Shot("phone-jobs", TECHNICIAN, "/phone/jobs"),
    Shot("phone-hand-in", TECHNICIAN, "/phone/visits/{day}/{visit}/work"),
    Shot("phone-me", TECHNICIAN, "/phone/me"),
    Shot("phone-messages", TECHNICIAN, "/phone/messages", sees="text=Mount the access points"),
    Shot("phone-talk", TECHNICIAN, "/phone/messages/job/{talked}", sees="text=The rear door"),
    Shot("phone-money", TECHNICIAN, "/phone/money"),
    Shot("phone-statement", TECHNICIAN, "/phone/money/{month}"),
    Shot("phone-visit", TECHNICIAN, "/phone/visits/{day}/{visit}"),
    Shot("phone-visit-incident", TECHNICIAN, "/phone/visits/{day}/{visit}", "Something happened"),
    Shot("phone-record", TECHNICIAN, "/phone/record"),
    Shot("phone-decisions", TECHNICIAN, "/phone/decisions"),
    Shot("phone-proofs", TECHNICIAN, "/phone/proofs"),
    Shot("phone-proof-new", TECHNICIAN, "/phone/proofs/new"),
    Shot("phone-proof", TECHNICIAN, "/phone/proofs/{proof}"),
    Shot("phone-agreement", TECHNICIAN, "/phone/proofs/sign/{client}/nda", sees="text=stays there"),
    Shot("phone-usage", TECHNICIAN, "/phone/usage"),
    Shot("phone-clients", TECHNICIAN, "/phone/clients", sees="text=Pays on time"),
    Shot("phone-hours", TECHNICIAN, "/phone/hours"),
    Shot("phone-limits", TECHNICIAN, "/phone/limits", sees="text=Agree to it"),
    Shot("phone-settings", TECHNICIAN, "/phone/settings"),
    Shot("phone-notices", TOLD, "/phone/proofs/notices"),
)


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_drawn(devices: Devices, acme: Dressed, size: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    names, emails = whose(devices, acme)
    not_drawn = []
    for who in dict.fromkeys(each.who for each in PAGES):
        with devices.device(SIZES[size]) as device:
            if who:
                devices.sign_in(device, emails.get(who, who), "nav, header button")
            for shot in (each for each in PAGES if each.who == who):
                try:
                    _draw(device, shot, size, names)
                except Error as error:
                    not_drawn.append(f"{shot.name}: {error.message}")
    assert not not_drawn, "\n".join(not_drawn)


def _keep(acme: Dressed) -> None:
    """A budget, something to sign, and two companies, of which one has said how it is taxed."""
    client = f"/v1/clients/{acme.town.world.client}"
    budget = {"code": "PO-7781", "name": "Refit of the Texan stores", "amount": "400.00", "from_on": "2026-01-01"}
    done(acme.admin.post(f"{client}/budgets", budget))
    for name in ("Davis Mountain Crews", "Marfa Low Voltage"):
        company = done(acme.operator.post("/v1/companies", {"name": name}))["id"]
    w9 = {"tax_class": "llc_partnership", "signed_on": "2026-01-15", "counts_from": "2026-01-01"}
    done(acme.operator.call("PUT", f"/v1/companies/{company}/tax-class", json=w9))
    nda = {"code": "nda", "name": "NDA", "family": "agreement", "is_screening": False}
    done(acme.operator.post("/v1/credential-kinds", nda))
    words = "What you see on a site of ours stays there."
    done(acme.admin.post(f"{client}/agreements", {"kind": "nda", "words": words}))


def _clear(acme: Dressed) -> str:
    """Somebody whom a word clears that ends soon: their name."""
    path = f"/v1/technicians/{acme.town.world.technicians[0]}"
    read = acme.operator.get(path)
    last = datetime.now(UTC).date() + timedelta(days=20)
    word = {"clearance": "us_person", "clearance_until": last.isoformat()}
    changed: dict[str, str] = done(acme.operator.patch(path, word, read.headers["ETag"]))
    return changed["name"]


def _ask_to_be_erased(acme: Dressed) -> None:
    """A technician who is still owed something, and a dispatcher."""
    done(acme.town.by_id(acme.town.world.technicians[1]).post("/v1/technicians/me/erasure"))
    [rosa] = [each for each in done(acme.operator.get("/v1/staff"))["items"] if each["email"] == DISPATCHER]
    done(acme.operator.post(f"/v1/staff/{rosa['id']}/erasure"))


#: What a template says of work that is posted again and again.
KEPT = ("job_type", "duration_min", "slots")
STORES = (
    ("1152", "Fort Davis", "79734", 30.5882, -103.8946), ("1160", "Marfa", "79843", 30.3094, -104.0206),
    ("1171", "Marathon", "79842", 30.2057, -103.2446), ("1183", "Alpine", "79830", 30.3920, -103.5302),
)  # fmt: skip


def _fill_a_day(acme: Dressed) -> None:
    """More stores, and a day on which several technicians have work in them."""
    town = acme.town
    sites = [str(town.world.site)]
    for number, name, postcode, lat, lng in STORES:
        site = {"store_number": number, "name": f"Store {number}", "address": "12 Main St", "town": name}
        site |= {"region": "TX", "postcode": postcode, "lat": lat, "lng": lng}
        sites.append(done(acme.admin.post("/v1/sites", site))["id"])
    titles = ("Replace the door lock", "Move the kiosk", "Mount the menu boards", "Check the chiller", "Swap a router")
    has_work = set()
    for num, title in enumerate(titles):
        start = town.world.start + timedelta(hours=num % 3 * 2 - 3)
        window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=3)).isoformat()}
        _, offers = town.offered(title=title, site_id=sites[num], window=window)
        free = [each for each in offers if each.technician_id not in has_work]
        if free and num < len(titles) - 1:
            yes = {"terms_version": free[0].terms_version}
            done(town.by_id(free[0].technician_id).post(f"/v1/offers/{free[0].id}/accept", yes))
            has_work.add(free[0].technician_id)
    assert len(has_work) >= 3, "several have work on the day that is shown"


def _begins_soon(town: Town, work: Taken) -> None:
    """Work of the days to come is what is next today."""
    moved = "UPDATE assignments SET start_at = now() + make_interval(mins => 50),"
    moved += " end_at = end_at - start_at + now() + make_interval(mins => 50) WHERE id = %(a)s"
    with town.world.as_engine() as (session, _):
        session.connection().exec_driver_sql(moved, {"a": work.assignment_id})


def whose(devices: Devices, acme: Dressed) -> tuple[Names, dict[str, str]]:
    """What the addresses of the pages are filled with, and who is called only by their role; with work of today."""
    town = devices.town
    _keep(acme)
    _ask_to_be_erased(acme)
    _fill_a_day(acme)
    _begins_soon(town, take(town, "Replace the badge reader", 0, starts_min=0))
    here = take(town, "Mount the access points", 0, starts_min=0, budget="PO-7781", deliverables=CHECKLIST)
    here.does("confirm", "leave", "check-in")
    day = done(here.technician.get(here.visit))["planned_start_at"][:10]
    talk = f"/v1/jobs/{here.job['id']}/messages"
    done(here.technician.post(talk, {"text": "I am at the front. Which door do I take?"}))
    done(town.staff.post(talk, {"text": "The rear door, please. Ring twice, the manager opens."}))
    job, offers = town.offered(title="Replace the card reader")
    technician = town.world.technicians[0]
    offer = next(each for each in offers if each.technician_id == technician)
    favour = {"kind": "favourite", "reason": "Pays on time, and the stores know that I come."}
    done(here.technician.call("PUT", f"/v1/clients/{town.world.client}/mark", json=favour))
    wires = take(town, "Rewire the freezer", 2, starts_min=0)
    said = {"why": "unsafe", "words": "Bare wires hang over a wet floor."}
    done(wires.technician.post(f"/v1/assignments/{wires.assignment_id}/back-out", said))
    kept = {"name": "Swap the till", "job": {key: town.job_body()[key] for key in KEPT} | {"title": "Swap the till"}}
    template = done(acme.admin.post("/v1/templates", kept))["id"]
    ready = town.posted(title="Replace the fan")
    own = select(CredentialRow.id).where(CredentialRow.technician_id == technician, CredentialRow.kind == BRIEFED)
    with town.world.as_engine() as (session, now):
        proof = session.scalars(own).one()
    town.app.state.parts.refresh()
    names = {"pool": acme.pool, "job": job["id"], "offer": str(offer.id), "disputed": acme.jobs["disputed"]}
    names |= {"day": day, "visit": here.visit.rpartition("/")[2], "talked": here.job["id"], "proof": str(proof)}
    start, today = (each.astimezone(CHICAGO).date() for each in (town.world.start, now))
    names |= {"on": str(start), "days": str((start - today).days), "month": str(today)[:7]}
    names |= {"cleared": _clear(acme), "ready": ready["id"], "client": str(town.world.client), "template": template}
    told = devices.address_of(town.world.technicians[3])
    return names, {TECHNICIAN: devices.address_of(technician), TOLD: told}


def show(device: Device, shot: Shot, names: Names) -> None:
    """Open a page, and wait until it is as people see it."""
    device.opens(shot.path.format(**names))
    if shot.presses:
        device.page.get_by_role("button", name=shot.presses.format(**names), exact=True).first.click()
    if shot.acts is not None:
        shot.acts(device, names)
    device.page.locator(shot.sees).first.wait_for()
    rests(device)
    device.page.evaluate("document.fonts.ready")


def rests(device: Device) -> None:
    """Wait until everything that a page waited for stands on it."""
    device.page.evaluate(_IS_STILL, [STILL_MS, PATIENCE_MS])


def _draw(device: Device, shot: Shot, size: str, names: Names) -> None:
    show(device, shot, names)
    with Image.open(io.BytesIO(device.page.screenshot())) as taken:
        small = taken.convert("RGB").quantize(NUM_COLORS, dither=Image.Dither.NONE)
        small.save(SHOTS / f"{shot.name}-{size}.png", optimize=True)
