"""Two dispatchers share what needs a person: put off, over, taken back, and no row moves under whoever reads."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from browsing import DESK, PATIENCE_MS, PHONE, Device, Devices
from playwright.sync_api import expect
from signing import add_staff
from sqlalchemy import insert, update

from dispatch.record.session import ENGINE
from dispatch.record.tables import AlarmRow, new_id
from dispatch.visits.alarms import raise_alarm

ROSA, OMAR = "rosa@acme.example", "omar@acme.example"
SHOTS = os.environ.get("TRUCKROLL_SHOTS")


def looks(device: Device, name: str) -> None:
    """Keep a picture for whoever wants to look, and find no barrier."""
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}.png")
    assert (name, device.barriers()) == (name, [])


def troubled(devices: Devices, title: str, *, minutes: int) -> str:
    """The number of a job that nobody has, which is too late in so many minutes."""
    job = devices.town.posted(title=title)
    with devices.town.world.as_engine() as (session, now):
        about = {"client_id": devices.town.world.client, "job_id": UUID(job["id"]), "now": now}
        raise_alarm(session, ENGINE, "incident", due_at=now + timedelta(minutes=minutes), **about)
    return str(job["number"])


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_two_dispatchers_put_off_and_clear_and_take_it_back(devices: Devices, size, scheme):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    add_staff(devices.town, "dispatcher", OMAR, "Omar Diaz")
    pump = troubled(devices, "Replace pump", minutes=90)
    late = troubled(devices, "Too late", minutes=-5)
    with devices.device(size, scheme) as rosa, devices.device(DESK) as omar:
        devices.sign_in(rosa, ROSA, "header")
        devices.sign_in(omar, OMAR, "header")
        rosa.sees("Needs you (2)")
        # Put off until it is due at the latest: what would be later is not to be chosen.
        rosa.page.get_by_role("button", name=f"Put off: {pump}").click()
        rosa.sees("They come back by themselves")
        expect(rosa.page.locator("dialog").get_by_text("until it is due")).to_have_count(1)
        expect(rosa.page.locator("dialog").get_by_text("4 hr")).to_have_count(0)
        rosa.page.get_by_label("30 min").check()
        rosa.page.get_by_label("We wait for the customer").check()
        looks(rosa, f"troubles-putting-off-{size[0]}-{scheme}")
        rosa.presses("Put off")
        rosa.sees("Needs you (1)")
        rosa.sees(f"{pump}: Put off.")
        rosa.page.locator("summary").get_by_text("Put off (1)").click()
        rosa.sees("put off by Rosa Marsh")
        looks(rosa, f"troubles-put-off-{size[0]}-{scheme}")
        # What is late already says that it stays.
        rosa.page.get_by_role("button", name=f"Put off: {late}").click()
        rosa.sees("It is late already: it stays in the list")
        rosa.page.get_by_label("15 min").check()
        rosa.page.get_by_label("It is known").check()
        rosa.page.locator("dialog").get_by_role("button", name="Put off").click()
        rosa.sees(f"{late}: Put off.")
        rosa.sees("Needs you (1)")
        # The other dispatcher reads who put it off, and takes it back.
        omar.page.reload()
        omar.page.locator("summary").get_by_text("Put off (1)").click()
        omar.sees("put off by Rosa Marsh")
        omar.page.get_by_role("button", name=f"Take back: {pump}").click()
        omar.sees(f"{pump}: Taken back: nobody is on it.")
        omar.sees("Needs you (2)")
        # Said to be over with a word, and not after all.
        omar.page.get_by_role("button", name=f"It is over: {pump}").click()
        omar.page.get_by_label("I called the site").check()
        omar.presses("It is over")
        omar.sees("Needs you (1)")
        omar.presses("Undo")
        omar.sees("Needs you (2)")


def test_what_comes_while_somebody_reads_waits_and_what_was_put_off_comes_back(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    first = troubled(devices, "Replace pump", minutes=90)
    with devices.device(DESK) as rosa:
        devices.sign_in(rosa, ROSA, "header")
        row = rosa.page.locator("aside").get_by_role("button", name="Replace pump")
        row.hover()
        place = row.bounding_box()
        urgent = troubled(devices, "Much sooner", minutes=3)
        bar = rosa.page.get_by_role("button", name="1 new")
        bar.wait_for(timeout=2 * PATIENCE_MS)
        rosa.sees("Needs you (2)")
        expect(rosa.page.locator("aside").get_by_role("button", name="Much sooner")).to_have_count(0)
        assert place
        looks(rosa, "troubles-new")
        bar.click()
        names = rosa.page.locator("aside [data-row]")
        expect(names).to_have_text([f"{urgent} Much sooner", f"{first} Replace pump"])
        # Somebody else's work is over while Rosa reads: the row stays where it is, and says so.
        names.first.hover()
        with devices.town.world.as_engine() as (session, now):
            over = {"cleared_at": now, "cleared_why": "gone", "next_climb_at": None}
            session.execute(update(AlarmRow).where(AlarmRow.due_at < now + timedelta(minutes=10)).values(**over))
        expect(rosa.page.get_by_text("Over meanwhile")).to_have_count(1, timeout=2 * PATIENCE_MS)
        expect(names.nth(1)).to_have_text(f"{first} Replace pump")
        rosa.sees("Needs you (1)")
        # What is put off comes back by itself.
        rosa.page.get_by_role("button", name=f"Put off: {first}").click()
        rosa.page.get_by_label("15 min").check()
        rosa.page.get_by_label("Another reason").check()
        rosa.page.locator("dialog").get_by_role("button", name="Put off").click()
        rosa.sees("Put off (1)")
        with devices.town.world.as_engine() as (session, now):
            session.execute(
                update(AlarmRow).where(AlarmRow.cleared_at.is_(None)).values(snoozed_until=now + timedelta(seconds=2))
            )
        expect(rosa.page.get_by_text("Put off (1)")).to_have_count(0, timeout=2 * PATIENCE_MS)
        rosa.sees("Needs you (1)")


def test_all_that_needs_a_person_is_counted_and_listed_however_much_it_is(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job = UUID(devices.town.posted(title="Replace pump")["id"])
    town = devices.town
    with town.world.as_engine() as (session, now):
        due = {"due_at": now + timedelta(minutes=90), "raised_at": now, "next_climb_at": now + timedelta(hours=9)}
        about = {"client_id": town.world.client, "job_id": job, "kind": "incident"}
        session.execute(insert(AlarmRow), [about | due | {"id": new_id(), "subject_id": new_id()} for _ in range(450)])
    # The last to be too late of them all: a page would leave it out.
    last = troubled(devices, "Fix the awning", minutes=600)
    with devices.device(DESK) as rosa:
        devices.sign_in(rosa, ROSA, "header")
        rosa.sees("Needs you (451)")
        expect(rosa.page.locator("aside [data-row]")).to_have_count(451)
        expect(rosa.page.locator("aside [data-row]").last).to_have_text(f"{last} Fix the awning")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_row_says_its_start_and_who_was_asked_and_leads_to_its_next_act(devices: Devices, size):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    town = devices.town
    job, offers = town.offered(title="Replace pump")
    late, others = town.offered(title="Sweep yard")
    taker = town.by_id(others[0].technician_id)
    won = taker.post(f"/v1/offers/{others[0].id}/accept", {"terms_version": 1}).json()
    said = taker.post(f"/v1/jobs/{late['id']}/messages", {"text": "Which gate?"})
    assert said.status_code == 201, said.text
    with town.world.as_engine() as (session, now):
        about = {"client_id": town.world.client, "due_at": now + timedelta(minutes=30), "now": now}
        raise_alarm(session, ENGINE, "nobody_may", job_id=UUID(job["id"]), **about)
        raise_alarm(session, ENGINE, "unassigned_soon", job_id=UUID(job["id"]), **about)
        of_visit = {"job_id": UUID(late["id"]), "visit_id": UUID(won["visit_id"])}
        raise_alarm(session, ENGINE, "not_confirmed", **of_visit, **about)
    with devices.device(size) as rosa:
        devices.sign_in(rosa, ROSA, "header")
        rows = rosa.page.locator("aside li")
        soon = rows.filter(has_text="Nobody has it, and it starts soon")
        expect(soon).to_contain_text("12:00 PM")
        expect(soon).to_contain_text(f"asked {len(offers)}")
        expect(rows.filter(has_text="Late to confirm")).not_to_contain_text("asked")
        expect(rows.filter(has_text="1 message not read").locator("[data-row]")).to_have_text(
            f"{late['number']} Sweep yard"
        )
        looks(rosa, f"troubles-acts-{size[0]}")
        rosa.presses(f"Assign …: {job['number']}")
        expect(rosa.page.get_by_role("button", name="Why this one")).to_have_attribute("aria-pressed", "true")
        rosa.presses(f"Why not …: {job['number']}")
        rosa.page.get_by_label("Why not name or number").wait_for()
        rosa.presses(f"Write to them: {late['number']}")
        rosa.sees("Which gate?")
        # On the timeline the words below a short bar are whole, and they and names stay while the day is moved.
        rosa.presses("Timeline")
        rosa.presses(f"The day of {late['number']}")
        rosa.presses("Close")
        words = rosa.page.locator(".risk span").filter(has_text="Nobody may do it")
        words.wait_for()
        assert words.evaluate("each => each.scrollWidth <= each.clientWidth")
        rosa.page.locator(".scroll").evaluate("each => (each.scrollLeft = each.scrollWidth)")
        for name in rosa.page.locator(".who").all():
            expect(name).to_be_in_viewport(ratio=1)
        names = rosa.page.locator(".who").first.bounding_box()
        place = words.bounding_box()
        assert names
        assert place
        assert place["x"] >= names["x"] + names["width"]
        assert place["x"] + place["width"] <= size[0]
        looks(rosa, f"timeline-names-{size[0]}")


def test_what_happened_says_who_got_it_once_and_without_a_code(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job, offers = devices.town.offered(title="Replace pump")
    taker = devices.town.by_id(offers[0].technician_id)
    assert taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code == 200
    with devices.device(DESK) as rosa:
        devices.sign_in(rosa, ROSA, "header")
        rosa.opens("/board/")
        rosa.page.get_by_role("button", name=job["number"], exact=True).first.click()
        rosa.presses("What happened")
        rosa.sees("Somebody said yes")
        story = rosa.page.locator(".drawer .body ol")
        expect(story.get_by_text("Assigned", exact=True)).to_have_count(1)
        expect(story.get_by_text("made", exact=True)).to_have_count(0)
        expect(story.get_by_text("An assignment was made")).to_have_count(0)
