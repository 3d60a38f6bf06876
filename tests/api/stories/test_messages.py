"""What people hear, and what they don't: told from both sides."""

import re
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from mailboxes import Mailbox
from outboxes import Post, to
from sqlalchemy import select, update
from worlds import ZONE

from dispatch.messages import people
from dispatch.messages.adapters import Failed
from dispatch.messages.adapters.gateway import GatewayAdapter
from dispatch.messages.adapters.smtp import SmtpAdapter
from dispatch.messages.occasions import OCCASIONS
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import SiteRow, StaffRow, TechnicianRow, new_id

CONTACT = "+14325550147"
ANNA = "+14325550000"


@pytest.fixture
def post(story, monkeypatch) -> Post:
    """The site's contact is awake at any hour: their night is tried in `test_delivery`."""
    monkeypatch.setattr(people, "_CONTACTS_QUIET", None)
    return Post(story.town.world)


def dispatcher(town, **more):
    """A dispatcher of Acme with a name and an address, and their key."""
    staff_id = new_id()
    with town.world.as_engine() as (session, now):
        person = {"role": "dispatcher", "name": "Sam Lopez", "email": "sam@acme.example", "created_at": now} | more
        session.add(StaffRow(id=staff_id, client_id=town.world.client, **person))
    return town.key("dispatcher", client_id=town.world.client, staff_id=staff_id)


def test_the_site_hears_in_spanish_that_the_technician_is_late_and_when_they_come(story, post: Post):
    answer = story.town.staff.patch(
        f"/v1/sites/{story.town.world.site}",
        {"contact_language": "es"},
        etag=story.town.staff.get(f"/v1/sites/{story.town.world.site}").headers["ETag"],
    )
    assert answer.json()["contact_language"] == "es"
    given = story.assigned()
    (planned,) = to(post.goes_out(), CONTACT)
    assert planned.body.startswith("Acme service: Technician 0 va a Store 1147")
    eta = given.town.world.start + timedelta(minutes=45)
    answer = given.technician.post(f"{given.visit}/late", {"minutes": 45})
    assert answer.status_code == 200, answer.text
    (late,) = to(post.goes_out(), CONTACT)
    local = eta.astimezone(ZoneInfo(ZONE))
    assert "Technician 0 se retrasa. Nueva hora en Store 1147" in late.body
    assert f"{local:%-I:%M}\u202fp.m. {local:%Z}" in late.body


def test_quiet_hours_hold_back_what_can_wait_and_not_what_cannot(story, post: Post):
    given = story.assigned()
    post.goes_out()
    local = datetime.now(ZoneInfo(ZONE))
    night = {"quiet_from": (local - timedelta(hours=1)).time(), "quiet_to": (local + timedelta(hours=1)).time()}
    with given.town.world.as_engine() as (session, _):
        of_anna = update(TechnicianRow).where(TechnicianRow.id == given.technician_id)
        session.execute(of_anna.values(works_in_quiet_hours=False, **night))
    given.staff.post(f"{given.job_url}/messages", {"text": "Could you bring a ladder?"})
    assert to(post.goes_out(), ANNA) == []
    waiting = given.technician.get("/v1/notices?state=held").json()["items"]
    assert [(each["occasion"], each["reason"]) for each in waiting] == [("message", "quiet_hours")]
    theirs = given.staff.get("/v1/notices?state=held").json()["items"]
    assert [(each["reason"], each["until_at"]) for each in theirs] == [("readers_choice", None)]
    given.staff.post(f"/v1/assignments/{given.assignment_id}/release", {"why": "customer_closed"})
    (urgent,) = to(post.goes_out(), ANNA)
    assert "no longer yours: customer closed" in urgent.body
    post.time_comes()
    with given.town.world.as_engine() as (session, _):
        session.execute(of_anna.values(quiet_from=None, quiet_to=None))
    (morning,) = to(post.goes_out(), ANNA)
    assert "Could you bring a ladder?" in morning.body


def test_a_conversation_in_which_nobody_sees_a_number(story, post: Post):
    given = story.assigned()
    staff = dispatcher(given.town)
    post.goes_out()
    staff.post(f"{given.job_url}/messages", {"text": "The key is at the bakery."})
    (first,) = post.goes_out()
    code = staff.get("/v1/threads").json()["items"][0]["code"]
    assert (first.address, first.alias) == (ANNA, code)
    assert first.body == f"Acme service, {given.job['number']}: The key is at the bakery. [#{code}]"
    gateway = given.town.key("gateway")
    text = {"id": "SM-1", "sender": "(432) 555-0000", "to": "+18005550100", "text": f"#{code.lower()} Got it, thanks"}
    assert gateway.post("/v1/gateway/sms", text).json()["outcome"] == "posted"
    (second,) = post.goes_out()
    assert (second.channel, second.address, second.alias) == ("mail", "sam@acme.example", code)
    assert second.body.startswith("Got it, thanks")
    said = staff.get(f"{given.job_url}/messages").json()["items"]
    assert [(each["author"]["name"], each["text"], each["via"]) for each in said] == [
        ("Technician 0", "Got it, thanks", "sms"),
        ("Sam Lopez", "The key is at the bakery.", "app"),
    ]
    assert given.technician.get(f"{given.job_url}/messages").json()["items"][1]["author"]["name"] == "Acme service"
    for message in (first, second):
        for number in ("432555", "(432)", "@example.com", "sam@"):
            assert number not in message.body + message.subject


def test_a_mail_server_that_is_down_and_comes_back(story):
    box = Mailbox()
    mail = SmtpAdapter("127.0.0.1", box.port, "none", "news@acme.example", relay_domain="relay.example")
    post = Post(story.town.world, adapters={"mail": mail})
    given = story.assigned()
    staff = dispatcher(given.town)
    operator = given.town.key("operator")
    given.technician.post(f"{given.job_url}/messages", {"text": "The door is locked"})
    post.goes_out()
    (waiting,) = staff.get("/v1/notices?state=failed").json()["items"]
    assert (waiting["channel"], waiting["reason"], waiting["num_attempts"]) == ("mail", "server_away", 1)
    assert waiting["until_at"] is not None
    box.comes_up()
    try:
        post.time_comes()
        post.goes_out()
    finally:
        box.goes_down()
    (envelope,) = box.taken
    assert envelope.rcpt_tos == ["sam@acme.example"]
    assert b"The door is locked" in envelope.content
    fate = staff.get(f"/v1/notices/{waiting['id']}").json()
    assert (fate["state"], fate["num_attempts"], fate["until_at"]) == ("sent", 2, None)
    assert operator.post(f"/v1/notices/{waiting['id']}/resend").status_code == 409


def test_what_was_given_up_is_told_to_the_dispatchers_and_sent_again_by_the_operator(story, post: Post):
    away = GatewayAdapter("http://127.0.0.1:1/", "a secret of the gateway")
    post.adapters["sms"] = post.adapters["voice"] = away
    post.carrier.fails = Failed("server_away", retry=True)
    given = story.assigned()
    for _ in range(16):
        post.goes_out()
        post.time_comes()
    lost = given.staff.get("/v1/notices?state=given_up").json()["items"]
    assert "visit_planned" in {each["occasion"] for each in lost}
    assert {each["reason"] for each in lost} == {"server_away", "gateway_away"}
    post.adapters["sms"], post.carrier.fails = post.carrier, None
    winner = next(each for each in lost if each["occasion"] == "assigned")
    again = given.town.key("operator").post(f"/v1/notices/{winner['id']}/resend")
    assert again.json()["state"] == "queued"
    assert given.staff.post(f"/v1/notices/{winner['id']}/resend").status_code == 403
    (sent,) = to(post.goes_out(), ANNA)
    assert sent.body.startswith("Yours:")


def test_a_dispatcher_who_wants_it_once_a_day_gets_one_mail(story, post: Post):
    staff = dispatcher(story.town)
    read = staff.get("/v1/preferences")
    wishes = {"digest": "daily", "digest_at": "07:30", "time_zone": ZONE, "language": "es"}
    assert staff.patch("/v1/preferences", wishes, etag=read.headers["ETag"]).status_code == 200
    job = staff.post("/v1/jobs", story.town.job_body()).json()
    story.town.world.send_waves()
    offer = next(each for each in story.town.world.offers() if str(each.job_id) == job["id"])
    technician = story.town.by_id(offer.technician_id)
    technician.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1})
    visit = staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["id"]
    technician.post(f"/v1/visits/{visit}/confirm")
    assert to(post.goes_out(), "sam@acme.example") == []
    post.time_comes()
    (mail,) = to(post.goes_out(), "sam@acme.example")
    assert mail.subject == "2 noticias de Truckroll"
    assert mail.body.count(job["number"]) == 2


def test_the_occasions_are_all_of_events_that_somebody_records():
    assert len({(line.subject, line.kind, line.who, line.when) for line in OCCASIONS}) == len(OCCASIONS)
    assert SiteRow.contact_language is not None


def test_the_reminder_brings_a_code_that_confirms_by_a_text(story, post: Post):
    given = story.assigned()
    post.goes_out()
    with given.town.world.as_engine() as (session, now):
        told = {"job": given.job["id"], "visit": given.visit_id, "assignment": given.assignment_id}
        told |= {"technician": str(given.technician_id), "start_at": given.town.world.start.isoformat()}
        visit = ("visit", UUID(given.visit_id))
        record(session, ENGINE, visit, "reminded", told, client_id=given.town.world.client, now=now)
    (reminder,) = to(post.goes_out(), ANNA)
    code = re.search(r"YES (\d{6})", reminder.body)
    assert code, reminder.body
    gateway = given.town.key("gateway")
    word = {"id": "SM-1", "sender": ANNA, "text": f"yes {code[1]}"}
    answer = gateway.post("/v1/gateway/sms", word).json()
    assert (answer["outcome"], answer["reply"]) == ("done", "Noted, thank you.")
    assert given.staff.get(given.job_url).json()["visits"][0]["state"] == "confirmed"
    guess = gateway.post("/v1/gateway/sms", {"id": "SM-2", "sender": ANNA, "text": "yes 000000"}).json()
    assert guess["outcome"] == "unknown"


def test_who_texts_stop_gets_no_text_until_they_text_start(story, post: Post):
    given = story.assigned()
    staff = dispatcher(given.town)
    post.goes_out()
    gateway = given.town.key("gateway")

    def texts(num, words):
        return gateway.post("/v1/gateway/sms", {"id": f"SM-{num}", "sender": "(432) 555-0000", "text": words}).json()

    def hears(words):
        staff.post(f"{given.job_url}/messages", {"text": words})
        return [each.channel for each in post.goes_out()]

    assert hears("The key is at the bakery.") == ["sms"]
    stopped = texts(1, " Stop. ")
    assert stopped["outcome"] == "stopped"
    assert "START" in stopped["reply"]
    assert texts(1, "Stop")["outcome"] == "duplicate"
    assert "sms" not in hears("The bakery opens at six.")
    assert texts(2, "stop by the bakery, I have your key")["outcome"] != "stopped"
    assert "sms" not in hears("Thank you.")
    assert texts(3, "START")["outcome"] == "started"
    assert hears("Are you there?") == ["sms"]


def test_a_proposal_an_agreement_and_an_alarm_are_told_to_those_who_must_act(story, post: Post):
    given = story.assigned()
    dispatcher(given.town, phone="+14325550188")
    post.goes_out()
    with given.town.world.as_engine() as (session, now):
        client, proposal, alarm = given.town.world.client, new_id(), new_id()
        start, until = given.town.world.start + timedelta(hours=2), now + timedelta(hours=4)
        told = {"job": given.job["id"], "visit": given.visit_id, "assignment": given.assignment_id}
        told |= {"technician": str(given.technician_id), "by": "client", "changes": "time"}
        asked = told | {"start_at": start.isoformat(), "expires_at": until.isoformat()}
        record(session, ENGINE, ("proposal", proposal), "made", asked, client_id=client, now=now)
        staff = [str(each) for each in session.scalars(select(StaffRow.id))]
        climbed = {"job": given.job["id"], "visit": given.visit_id, "kind": "no_check_in", "staff": staff}
        climbed |= {"channels": ["sms", "mail"], "due_at": until.isoformat(), "shift": None}
        record(session, ENGINE, ("alarm", alarm), "escalated", climbed, client_id=client, now=now)
    out = post.goes_out()
    (change,) = to(out, ANNA)
    assert given.job["number"] in change.body
    assert "Acme service" in change.body
    assert sorted((each.channel, each.address) for each in out if each is not change) == [
        ("mail", "sam@acme.example"),
        ("sms", "+14325550188"),
    ]
    assert all("nobody checked in" in each.body for each in out if each is not change)
