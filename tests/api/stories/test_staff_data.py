"""Stories of what is held on the people of the staff: what they take along, and what is not theirs to take."""

import io
import json
import zipfile

from personal_data import assert_events_impersonal
from signing import Browser, Mail, add_staff, token_in
from sqlalchemy import text

from dispatch.files.storing import open_store
from dispatch.money.verifying import verify_books
from dispatch.privacy.erasing import tend
from dispatch.record.chain import seal, verify
from dispatch.record.session import ENGINE, transaction

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


def background(story):
    """What the courier does now and then, until nothing is left."""
    town = story.town
    store = open_store(None, town.settings.data_dir)
    for _ in range(10):
        with transaction(town.app.state.parts.engine, ENGINE, role="engine") as session:
            now = session.scalar(text("SELECT clock_timestamp()"))
            if not tend(session, store, tax_kept_years=4, now=now):
                return


def test_a_dispatcher_is_erased_and_what_they_did_stays_by_their_id_alone(sealed):
    given, operator = sealed.assigned(), sealed.town.key("operator")
    who, desk = signed_in(sealed, name="Rosalind Marshall")
    desk.put("/v1/me/password", {"password": "correct horse battery"})
    wrote = desk.post(f"{given.job_url}/messages", {"text": "Ring twice, please", "language": "en"})
    assert wrote.status_code == 201, wrote.text
    with sealed.town.world.as_engine() as (session, _):
        stored = session.scalar(text("SELECT words FROM messages"))
        assert "Ring twice" not in stored
    assert given.technician.get(f"{given.job_url}/messages").json()["items"][0]["text"] == "Ring twice, please"
    asked = desk.post("/v1/staff/me/erasure")
    assert (asked.status_code, asked.json()["staff_id"], asked.json()["blocked_by"]) == (201, str(who), [])
    assert desk.post("/v1/staff/me/erasure").json()["code"] == "conflict"
    url = f"/v1/erasures/{asked.json()['id']}"
    assert desk.post(f"{url}/grant").status_code == 403
    assert given.staff.post(f"{url}/withdraw").status_code == 404
    assert operator.post(f"{url}/grant").json()["state"] == "granted"
    background(sealed)
    done = operator.get("/v1/erasures").json()["items"][0]
    assert (done["state"], done["staff_id"], done["technician_id"]) == ("done", str(who), None)

    assert desk.get("/v1/me").status_code == 401
    mail, again = Mail(sealed.town), Browser(sealed.town)
    again.post("/v1/sign-in/link", {"email": ROSA})
    assert mail.goes_out() == []
    by_password = {"email": ROSA, "password": "correct horse battery"}
    assert again.post("/v1/sign-in/password", by_password).status_code == 401
    said = given.staff.get(f"{given.job_url}/messages").json()["items"][0]
    assert (said["text"], said["author"]["id"]) == ("[erased]", str(who))
    [shown] = [each for each in operator.get("/v1/staff").json()["items"] if each["id"] == str(who)]
    assert (shown["name"], shown["email"]) == ("[erased]", f"erased-{who}")
    assert None not in (shown["left_at"], shown["erased_at"])
    for path in (given.job_url, f"{given.job_url}/story", "/v1/staff", "/v1/alarms"):
        answer = given.staff.get(path)
        assert "Rosalind" not in answer.text
        assert ROSA not in answer.text
    with sealed.town.world.as_engine() as (session, now):
        acts = session.scalars(text("SELECT kind FROM events WHERE actor_id = :who"), {"who": who}).all()
        assert {"posted", "erasure_asked"} <= set(acts)
        seal(session, now)
        chains = [verify(session, each) for each in (None, sealed.town.world.client)]
        assert [each.first_break for each in chains] == [None, None]
        books = verify_books(session)
        assert [*books.wrong_accounts, *books.wrong_transactions] == []
        assert_events_impersonal(session)


def test_the_last_operator_waits_for_another_and_no_key_of_nobody_asks(sealed):
    who, desk = signed_in(sealed, "operator", "op@network.example", "Olga Perez")
    operator = sealed.town.key("operator")
    with sealed.town.world.as_engine() as (session, now):
        session.execute(
            text("UPDATE staff SET left_at = :now WHERE client_id IS NULL AND id <> :who"), {"now": now, "who": who}
        )
    asked = desk.post("/v1/staff/me/erasure").json()
    assert [each["code"] for each in asked["blocked_by"]] == ["last_operator"]
    own = desk.post(f"/v1/erasures/{asked['id']}/grant")
    assert (own.status_code, own.json()["code"]) == (403, "forbidden"), own.text
    operator.post(f"/v1/erasures/{asked['id']}/grant")
    background(sealed)
    [waiting] = desk.get("/v1/staff/me/erasure").json()
    assert (waiting["state"], [each["code"] for each in waiting["blocked_by"]]) == ("granted", ["last_operator"])
    assert operator.post("/v1/staff/me/erasure").status_code == 403
    add_staff(sealed.town, "operator", "ned@network.example", "Ned Ward")
    sealed.time_passes("UPDATE erasures SET next_at = now()")
    background(sealed)
    assert desk.get("/v1/me").status_code == 401
    gone = operator.post(f"/v1/staff/{who}/erasure")
    assert (gone.status_code, gone.json()["code"]) == (409, "conflict")


def test_the_operator_asks_for_whoever_has_left_and_a_hold_on_them_keeps_them(sealed):
    who, _ = signed_in(sealed)
    operator = sealed.town.key("operator")
    assert operator.call("DELETE", f"/v1/staff/{who}").status_code == 204
    assert sealed.town.staff.post(f"/v1/staff/{who}/erasure").status_code == 403
    hold = operator.post("/v1/legal-holds", {"staff_id": str(who), "why": "lawsuit"}).json()
    assert (hold["about"], hold["staff_id"]) == ("staff", str(who))
    asked = operator.post(f"/v1/staff/{who}/erasure").json()
    operator.post(f"/v1/erasures/{asked['id']}/grant")
    background(sealed)
    [waiting] = operator.get("/v1/erasures").json()["items"]
    assert [each["code"] for each in waiting["blocked_by"]] == ["legal_hold"]
    operator.post(f"/v1/legal-holds/{hold['id']}/lift")
    sealed.time_passes("UPDATE erasures SET next_at = now()")
    background(sealed)
    assert operator.get("/v1/erasures").json()["items"][0]["state"] == "done"
