"""Where on the phone does a technician read why they were not asked, and ask a person to look at it?"""

import os
from pathlib import Path

import pytest
from browsing import DESK, PHONE, Devices
from playwright.sync_api import expect
from sqlalchemy import delete

from dispatch.record.tables import TechnicianSkillRow

SHOTS = os.environ.get("TRUCKROLL_DESK_SHOTS")
CANARY = "<img src=x onerror=\"document.title='owned'\">"
TWO = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-US"), ("dark", "es-MX")])
def test_who_was_not_asked_reads_why_what_to_do_and_asks_a_person(devices: Devices, scheme: str, locale: str):
    town, es = devices.town, locale.startswith("es")
    who = town.world.technicians[-1]
    with town.world.as_engine() as (session, _):
        session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == who))
    town.app.state.parts.refresh()
    with devices.device(PHONE, scheme, locale=locale) as phone, devices.device(DESK, scheme, locale=locale) as wide:
        devices.sign_in(phone, devices.address_of(who))
        phone.opens("/phone/me")
        phone.follows("Por qué no me preguntaron" if es else "Why I was not asked")
        phone.sees("No se decidió nada sin usted" if es else "Nothing was decided without you")
        town.offered(policy=TWO, title=f"Swap a till {CANARY}")
        needs = {"skills": {"hvac": 2}, "clearance": True}
        town.offered(policy=TWO, title="Refit the radar", slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
        phone.opens("/phone/decisions")
        phone.sees(f"Swap a till {CANARY}")
        phone.sees("Alpine, TX")
        phone.sees("Pide una habilidad que usted no muestra" if es else "It asks for a skill that you")
        phone.sees("Muestre al operador una prueba" if es else "Show the operator proof of the skill.")
        phone.sees("Trabajo para personas de EE. UU." if es else "Work for US persons")
        expect(phone.page.get_by_text("radar")).to_have_count(0)
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / f"unasked-{scheme}.png", full_page=True)
        own = phone.page.get_by_role("listitem").filter(has_text="Swap a till")
        own.get_by_text("Pedir que una persona lo mire" if es else "Ask a person to look again").click()
        # Asked without a network it is kept, and sent when there is one.
        phone.offline(True)
        own.get_by_role("textbox").fill(f"I have had the skill since May. {CANARY}")
        own.get_by_role("button", name="Pedirlo a una persona" if es else "Ask a person", exact=True).click()
        expect(phone.page.locator("[data-waiting]")).not_to_have_count(0)
        phone.offline(False)
        phone.heard()
        [review] = town.by_id(who).get("/v1/reviews").json()["items"]
        assert (review["about"], review["words"]) == ("decision", f"I have had the skill since May. {CANARY}")
        said = {"verdict": "upheld", "words": "We ask you next time"}
        assert town.staff.post(f"/v1/reviews/{review['id']}/answer", said).status_code == 200
        phone.opens("/phone/decisions")
        phone.sees("We ask you next time")
        devices.sign_in(wide, devices.address_of(who))
        wide.opens("/phone/decisions")
        wide.sees("Swap a till")
        assert wide.barriers() == []
        if SHOTS:
            wide.page.screenshot(path=Path(SHOTS) / f"unasked-wide-{scheme}.png", full_page=True)
        # What was read stays in sight without a network.
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        phone.page.reload()
        phone.sees("Swap a till")
        phone.offline(False)
