"""What climbs reaches who has the duty: a member of staff by the step's channels, somebody from outside by theirs."""

from datetime import timedelta

from outboxes import Post
from sqlalchemy import insert, text
from worlds import World

from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import StaffRow, new_id
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.climbing import climb
from dispatch.visits.duty import Shift, plan_shift


def climbs(world: World, level: int = 1, **person) -> None:
    """Somebody has the duty, and an alarm about a job climbs to them."""
    job = world.post(day_policy={"escalation": {"steps": [{"after_min": 0, "channels": ["mail", "sms"]}]}})
    with world.as_engine() as (session, now):
        shift = Shift(level, now - timedelta(hours=1), now + timedelta(hours=1), "America/Chicago", **person)
        plan_shift(session, Actor("dispatcher", new_id(), client_id=world.client), shift, now=now)
        raise_alarm(
            session, ENGINE, "no_check_in", client_id=world.client, job_id=job, due_at=now + timedelta(hours=1), now=now
        )
    with world.as_engine() as (session, now):
        assert climb(session, now) == 1


def test_who_has_the_duty_is_told_by_every_channel_of_the_step_at_once(world: World, post: Post):
    nina = new_id()
    with world.as_engine() as (session, now):
        row = {
            "id": nina,
            "client_id": world.client,
            "role": "dispatcher",
            "name": "Nina",
            "email": "nina@acme.example",
        }
        session.execute(insert(StaffRow).values(created_at=now, **row))
        session.execute(text("UPDATE staff SET phone = '+14325550170'"))
    climbs(world, staff_id=nina)
    told = {each.address: each.body for each in post.goes_out()}
    assert set(told) == {"nina@acme.example", "+14325550170"}
    assert told["+14325550170"].startswith("WO-1: nobody checked in. Nobody has taken it on.")


def test_somebody_from_outside_is_told_by_the_numbers_of_their_shift(world: World, post: Post):
    climbs(world, contact_name="Night desk", contact_phone="+14325550199")
    (told,) = post.goes_out()
    assert (told.address, told.body.partition(".")[0]) == ("+14325550199", "WO-1: nobody checked in")


def test_what_is_about_no_client_reaches_whoever_is_there_of_the_operators(world: World, post: Post):
    with world.as_engine() as (session, now):
        for name, left in (("olga", None), ("otto", now)):
            row = {"id": new_id(), "role": "operator", "name": name, "email": f"{name}@network.example"}
            session.execute(insert(StaffRow).values(created_at=now, left_at=left, **row))
        raise_alarm(session, ENGINE, "erasure_late", client_id=None, subject_id=new_id(), due_at=now, now=now)
        session.execute(text("UPDATE alarms SET raised_at = now() - interval '2 hours', next_climb_at = now()"))
    with world.as_engine() as (session, now):
        assert climb(session, now) == 1
    (told,) = post.goes_out()
    assert (told.address, told.subject) == ("olga@network.example", "Truckroll: somebody waits to be erased")
