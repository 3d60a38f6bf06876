"""Where on the phone does a technician read that work is at risk or gone, and ask a person to look at it?"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import DESK, PHONE, Devices
from playwright.sync_api import expect
from signing import add_staff

from dispatch.record.session import ENGINE
from dispatch.talent.credentials import Claim, insert_credential

SHOTS = os.environ.get("TRUCKROLL_SHOTS")
KIND = "site_pass"
CANARY = "<img src=x onerror=\"document.title='owned'\">"


def taken_then_lapsed(devices: Devices, fate: str) -> tuple[dict[str, Any], str]:
    """(the lapse, its technician's address) of work whose proof was taken back after it was promised."""
    town = devices.town
    operator = town.key("operator")
    assert operator.post("/v1/credential-kinds", {"code": KIND, "name": "Site pass"}).status_code == 201
    who = town.world.technicians[0]
    with town.world.as_engine() as (session, now):
        claim = Claim(KIND, now.date(), now.date() + timedelta(days=1000))
        proof = insert_credential(session, ENGINE, who, claim, state="verified", facts={}, now=now)
    needs = {"needs": {"skills": {"hvac": 2}, "credentials": [KIND]}, "pay": {"amount": "140.00"}}
    _, offers = town.offered(slots=[needs], day_policy={"proofs": {"on_lapse": fate}})
    mine = town.by_id(who)
    assert mine.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code == 200
    assert operator.post(f"/v1/credentials/{proof}/revoke").status_code == 200
    [lapse] = mine.get("/v1/lapses").json()["items"]
    return lapse, devices.address_of(who)


@pytest.mark.parametrize(("fate", "scheme", "locale"), [("flag", "light", "en-US"), ("withdraw", "dark", "es-MX")])
def test_work_at_risk_and_work_that_was_taken_back_can_be_looked_at_by_a_person(
    devices: Devices, fate: str, scheme: str, locale: str
):
    """On the visit's page while it is theirs, on today's page once it is gone; asked without a network, too."""
    lapse, email = taken_then_lapsed(devices, fate)
    day = lapse["start_at"][:10]
    add_staff(devices.town, "operator", "ned@truckroll.example", "Ned Okafor")
    is_spanish = locale.startswith("es")
    ask, words = (
        ("Pedir que una persona lo mire", "¿Qué debería mirar?")
        if is_spanish
        else ("Ask a person to look again", "What should they look at?")
    )
    with devices.device(PHONE, scheme, locale=locale) as phone:
        devices.sign_in(phone, email)
        phone.opens(f"/phone/visits/{day}/{lapse['visit_id']}" if fate == "flag" else "/phone/")
        phone.sees("Ya no es suyo" if is_spanish else "Your proofs did not cover this work")
        phone.sees("Lo que faltaba: Site pass." if is_spanish else "What was missing: Site pass.")
        phone.page.get_by_text(ask).click()
        phone.page.get_by_label(words).fill(f"I renewed it in May. {CANARY}")
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / f"lapsed-{fate}.png", full_page=True)
        phone.context.set_offline(True)
        phone.page.get_by_role("button", name="Pedirlo a una persona" if is_spanish else "Ask a person").click()
        phone.sees("I renewed it in May.")
        phone.context.set_offline(False)
        phone.sees("Una persona lo está mirando" if is_spanish else "A person looks at it")
        phone.heard()
        with devices.device(DESK) as desk:
            devices.sign_in(desk, "ned@truckroll.example", "nav, header button")
            desk.opens("/desk/operator/reviews")
            desk.sees("Second look at a lapse")
            desk.sees(f"I renewed it in May. {CANARY}")
            desk.presses("Answer")
            desk.page.get_by_label("They are right").check()
            desk.page.get_by_label("In words, for the technician").fill("The new pass is there.")
            desk.page.get_by_role("dialog").get_by_role("button", name="Answer", exact=True).click()
            desk.page.get_by_role("dialog").wait_for(state="detached")
        phone.page.reload()
        expect(phone.page.get_by_text("The new pass is there.")).to_be_visible()
        phone.opens("/phone/record")
        phone.sees("The new pass is there.")
