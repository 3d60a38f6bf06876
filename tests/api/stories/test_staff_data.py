"""Stories of what is held on the people of the staff: what they take along, and what is not theirs to take."""

import io
import json
import zipfile

from personal_data import assert_events_impersonal
from signing import Browser, Mail, add_staff, token_in
from sqlalchemy import text

ROSA = "rosa@acme.example"


def signed_in(story, role="dispatcher", email=ROSA, name="Rosa Marsh"):
    """Somebody new of the staff, at a browser: their id, and it."""
    who = add_staff(story.town, role, email, name)
    mail, browser = Mail(story.town), Browser(story.town)
    browser.post("/v1/sign-in/link", {"email": email})
    assert browser.opens(token_in(mail.goes_out()[0].body)).status_code == 201
    return who, browser


def opened(answer):
    """table -> rows, and what is said about the file."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        told = {name: json.loads(archive.read(name)) for name in names}
    about = told.pop("about.json")
    return {name.removeprefix("data/").removesuffix(".json"): rows for name, rows in told.items()}, about


def test_a_dispatcher_takes_along_what_is_held_on_them_and_nothing_of_the_clients(story):
    given = story.assigned()
    who, desk = signed_in(story)
    wrote = desk.post(f"{given.job_url}/messages", {"text": "Ring twice, please", "language": "en"})
    assert wrote.status_code == 201, wrote.text
    given.technician.post(f"{given.job_url}/messages", {"text": "I parked behind the store", "language": "en"})
    held, about = opened(desk.get("/v1/staff/me/export"))
    assert [(row["id"], row["name"], row["email"]) for row in held["staff"]] == [(str(who), "Rosa Marsh", ROSA)]
    assert [row["words"] for row in held["messages"]] == ["Ring twice, please"]
    assert [row["method"] for row in held["sessions"]] == ["link"]
    assert "data_exported" in {row["kind"] for row in held["events"]}
    assert all("data" not in row and "hash" not in row for row in held["events"])
    assert about["withheld"]["files"] == "what was handed in for a client's work is the client's"
    everything = json.dumps(held)
    assert "I parked behind the store" not in everything
    assert given.job["title"] not in everything
    with story.town.world.as_engine() as (session, _):
        others = (
            "SELECT name FROM technicians UNION SELECT name FROM staff WHERE id <> :who UNION SELECT name FROM sites"
        )
        for name in session.scalars(text(others), {"who": who}):
            assert name not in everything
        [event] = session.execute(text("SELECT subject_id, data FROM events WHERE kind = 'data_exported'")).all()
        assert tuple(event) == (story.town.world.client, {"staff": str(who)})
        assert_events_impersonal(session)


def test_an_operator_takes_along_theirs_and_a_key_of_nobody_and_a_technician_are_refused(story):
    who, desk = signed_in(story, "operator", "op@network.example", "Olga Perez")
    held, _ = opened(desk.get("/v1/staff/me/export"))
    assert [row["id"] for row in held["staff"]] == [str(who)]
    assert story.town.key("operator").get("/v1/staff/me/export").status_code == 403
    assert story.town.technician(0).get("/v1/staff/me/export").status_code == 403
    assert desk.get("/v1/technicians/me/export").status_code == 403
