"""Where on the phone do technicians say what they are asked for, what is theirs at once, and from where they go?"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from browsing import DESK, PHONE, Device, Devices
from dressed import done
from playwright.sync_api import Locator, expect
from sqlalchemy import select
from town import Town

from dispatch.record.tables import AssignmentRow

SHOTS = os.environ.get("TRUCKROLL_SHOTS")
TWO = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}


def _own(town: Town, who: UUID) -> dict[str, Any]:
    return done(town.by_id(who).get(f"/v1/technicians/{who}"))


def _change(town: Town, who: UUID, change: dict[str, Any]) -> None:
    """As the operator does, or another phone."""
    path, operator = f"/v1/technicians/{who}", town.key("operator")
    done(operator.patch(path, change, operator.get(path).headers["ETag"]))


def _wrong(field: Locator, words: str) -> None:
    """It is marked, and what is wrong stands with it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field.locator("xpath=..").get_by_role("alert")).to_have_text(words)


def _is_fit(device: Device, name: str) -> None:
    assert device.barriers() == []
    assert device.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_who_asked_too_much_is_led_from_the_advice_to_their_limits_and_changes_them(devices: Devices):
    town = devices.town
    who = town.world.technicians[-1]
    _change(town, who, {"min_hourly": "100.00", "radius_km": 80})
    town.app.state.parts.refresh()
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        town.offered(policy=TWO, title="Swap a till")
        phone.opens("/phone/decisions")
        phone.sees("Lower your least pay an hour")
        phone.follows("My limits")
        way, rate, jobs = (
            phone.page.get_by_label(name, exact=True)
            for name in ("How far from my base, in miles", "Least pay an hour, in USD", "Jobs a day at most")
        )
        expect(rate).to_have_value("100")
        expect(way).to_have_value("49.7")
        for field, bad, words in (
            (rate, "a lot", "Write a sum such as 45 or 45.50."),
            (jobs, "101", "Write how many, up to 100."),
        ):
            before = field.input_value()
            field.fill(bad)
            phone.presses("Save limits")
            _wrong(field, words)
            field.fill(before)
            expect(field).to_have_attribute("aria-invalid", "false")
        rate.fill("45,50")
        # What is typed outlives a lost network and the page.
        phone.offline(True)
        phone.presses("Save limits")
        phone.sees("The server could not be reached.")
        _is_fit(phone, "limits-offline")
        phone.offline(False)
        phone.page.reload()
        expect(rate).to_have_value("45,50")
        # Somebody else was quicker: what was not typed follows, what was stays.
        _change(town, who, {"day_capacity": 7})
        phone.presses("Save limits")
        phone.sees("Somebody changed it meanwhile.")
        expect(jobs).to_have_value("7")
        expect(rate).to_have_value("45,50")
        phone.presses("Save limits")
        phone.sees("Saved.")
        expect(rate).to_have_value("45.50")
        own = _own(town, who)["private"]
        assert (own["min_hourly"], own["radius_km"], own["day_capacity"]) == ("45.50", 80.0, 7)
        way.fill("20")
        jobs.fill("")
        phone.presses("Save limits")
        expect(way).to_have_value("20")
        phone.sees("Saved.")
        own = _own(town, who)["private"]
        assert (own["radius_km"], own["day_capacity"], own["min_hourly"]) == (32.187, None, "45.50")
        _, offers = town.offered(title="Swap another till")
        assert who in {each.technician_id for each in offers}


def test_an_area_that_was_drawn_gives_way_to_a_distance(devices: Devices):
    town = devices.town
    who = town.world.technicians[0]
    ring = [[-103.8, 30.2], [-103.5, 30.2], [-103.5, 30.5], [-103.8, 30.5], [-103.8, 30.2]]
    _change(town, who, {"area": {"type": "Polygon", "coordinates": [ring]}})
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        phone.opens("/phone/limits")
        phone.sees("An area was drawn for you on a map")
        way = phone.page.get_by_label("How far from my base, in miles", exact=True)
        expect(way).to_have_count(0)
        phone.page.get_by_label("Drop the area, and go by distance").check()
        way.fill("0")
        phone.presses("Save limits")
        _wrong(way, "Write how far, such as 50: more than 0.")
        way.fill("50")
        phone.presses("Save limits")
        phone.sees("Saved.")
        expect(phone.page.get_by_text("An area was drawn")).to_have_count(0)
        own = _own(town, who)["private"]
        assert (own["area"], own["radius_km"]) == (None, 80.467)


def _given_at_once(town: Town, who: UUID, day: int) -> bool:
    """A job of a day of its own is given away by standing consent: is it theirs?"""
    start = town.world.start + timedelta(days=day)
    window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    job, _ = town.offered(mode="auto", title=f"Swap till {day}", window=window)
    with town.world.as_engine() as (session, _):
        wanted = select(AssignmentRow.hand_back_until).where(AssignmentRow.job_id == UUID(job["id"]))
        return session.scalars(wanted.where(AssignmentRow.technician_id == who)).one_or_none() is not None


def test_work_is_given_at_once_to_who_agreed_within_their_limits_until_they_take_it_back(devices: Devices):
    town = devices.town
    who = town.world.technicians[0]
    assert not _given_at_once(town, who, 0)
    with (
        devices.device(PHONE, "dark", locale="es-MX") as phone,
        devices.device(DESK, "light", locale="en-US") as wide,
    ):
        devices.sign_in(phone, devices.address_of(who))
        phone.opens("/phone/me")
        phone.follows("Mis límites")
        phone.sees("No ha aceptado: no se le da nada sin preguntar.")
        rate, way, jobs = (
            phone.page.get_by_label(name, exact=True)
            for name in (
                "Paga al menos, por hora, en USD",
                "Está a lo sumo a esta distancia de mi base, en kilómetros",
                "Tantos trabajos ese día como máximo, en total",
            )
        )
        phone.presses("Aceptarlo")
        _wrong(rate, "Escriba una suma como 45 o 45.50.")
        _wrong(way, "Escriba a qué distancia, por ejemplo 50: más de 0.")
        _wrong(jobs, "Escriba cuántos, hasta 100.")
        _is_fit(phone, "limits-wrong")
        rate.fill("71")
        way.fill("30")
        jobs.fill("2")
        phone.presses("Aceptarlo")
        phone.sees("Usted aceptó: el trabajo dentro de estos límites es suyo al instante.")
        _is_fit(phone, "limits-agreed")
        given = {"min_hourly": "71.00", "max_distance_km": 30.0, "max_per_day": 2, "is_paused": False}
        assert _own(town, who)["private"]["consent"] == given
        assert not _given_at_once(town, who, 1), "it pays 70 an hour"
        rate.fill("70")
        phone.presses("Guardar estos límites")
        phone.sees("Guardado.")
        assert _given_at_once(town, who, 2)
        phone.presses("Dejarlo en reposo")
        phone.sees("Usted aceptó, y está en reposo")
        assert not _given_at_once(town, who, 3)
        phone.presses("Que siga")
        phone.sees("Usted aceptó: el trabajo dentro de estos límites")
        assert _given_at_once(town, who, 4)
        phone.presses("Retirarlo")
        phone.sees("Retirado: desde ahora se le pregunta siempre.")
        expect(rate).to_have_value("")
        assert _own(town, who)["private"]["consent"] is None
        assert not _given_at_once(town, who, 5)
        devices.sign_in(wide, devices.address_of(who))
        wide.opens("/phone/limits")
        wide.sees("You have not agreed: nothing is given to you without asking.")
        _is_fit(wide, "limits-wide")


def test_a_technician_pauses_takes_offers_again_has_quiet_hours_and_moves_their_base(devices: Devices):
    town = devices.town
    who = town.world.technicians[-1]
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        phone.opens("/phone/limits")
        phone.sees("You take offers.")
        phone.presses("Pause")
        panel = phone.page.get_by_role("dialog")
        expect(panel).to_contain_text("What is yours stays yours.")
        assert phone.barriers() == []
        panel.get_by_role("button", name="Pause", exact=True).click()
        phone.sees("You are paused: no new work is offered to you.")
        assert _own(town, who)["state"] == "paused"
        _is_fit(phone, "limits-paused")
        phone.presses("Take offers again")
        phone.sees("New work is offered to you again.")
        assert _own(town, who)["state"] == "active"

        begin, end = phone.page.get_by_label("Quiet from"), phone.page.get_by_label("Quiet to")
        begin.fill("22:00")
        end.fill("22:00")
        phone.presses("Save quiet hours")
        phone.sees("Choose two different times.")
        end.fill("06:00")
        phone.presses("Save quiet hours")
        phone.sees("Saved.")
        assert _own(town, who)["private"]["quiet"] == {"begin": "22:00", "end": "06:00"}
        phone.presses("Have none")
        phone.sees("You have none.")
        expect(begin).to_have_value("")
        assert _own(town, who)["private"]["quiet"] is None

        phone.presses("My base is where I am now")
        expect(panel).to_contain_text("It moves by 4.9 miles.")
        panel.get_by_role("button", name="Move my base here", exact=True).click()
        phone.sees("Your base is here now.")
        own = _own(town, who)
        assert (own["lat"], own["lng"], own["time_zone"]) == (30.36, -103.661, "America/Chicago")
        phone.page.reload()
        phone.sees("You take offers.")
        # What was read stays in sight without a network; a change says that it was not made.
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        phone.page.reload()
        phone.sees("You take offers.")
        phone.presses("Pause")
        panel.get_by_role("button", name="Pause", exact=True).click()
        expect(panel.get_by_role("alert")).to_contain_text("The server could not be reached.")
        phone.offline(False)
        assert _own(town, who)["state"] == "active"
