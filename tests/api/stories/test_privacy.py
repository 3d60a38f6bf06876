"""Stories of a person's data: who sees where they are, what must be kept, what they can take along, and erasure."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from personal_data import assert_events_impersonal
from pictures import picture
from signing import Browser, Mail, add_staff, give_address, token_in
from sqlalchemy import text

from dispatch.files.storing import open_store
from dispatch.money.verifying import verify_books
from dispatch.privacy.erasing import tend
from dispatch.record.chain import seal, verify
from dispatch.record.session import ENGINE, transaction
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.climbing import climb
from dispatch.visits.whereabouts import Here, note_position

HERE = {"lat": 30.3585, "lng": -103.6610, "accuracy_m": 12.4}
#: On the road to Marathon, a cell further.
ROAD = {"lat": 30.3000, "lng": -103.5000}


def at(caller, **more):
    answer = caller.call("PUT", "/v1/technicians/me/position", json=HERE | more)
    assert answer.status_code == 202, answer.text
    return answer.json()


def seen_by(caller, given):
    answer = caller.get(f"{given.visit}/positions")
    return [each["lat"] for each in answer.json()["items"]] if answer.status_code == 200 else answer.status_code


def test_where_somebody_is_is_told_to_the_parties_of_the_job_while_they_are_on_it(story):
    given = story.assigned()
    town = story.town
    assert at(given.technician) | {"until": None} == {
        "is_shared": False, "until": None, "why_not": "not_opted_in", "visits": [],
    }  # fmt: skip
    given.does("leave")
    assert at(given.technician)["visits"] == [given.visit_id]
    assert seen_by(given.technician, given) == [30.3585]
    assert seen_by(given.staff, given) == [], "they set out from home, which no client reads"
    with town.world.as_engine() as (session, now):
        on_the_road = Here(ROAD["lat"], ROAD["lng"], 12.4)
        note_position(session, UUID(str(given.technician_id)), on_the_road, now=now + timedelta(minutes=1))
    assert seen_by(given.staff, given) == [30.3]
    assert given.staff.get(f"{given.visit}/positions").json()["items"][0]["accuracy_m"] == 12
    assert seen_by(given.technician, given) == [30.3, 30.3585]
    assert [seen_by(town.key(role), given) for role in ("operator", "gateway")] == [403, 403], "no party of the job"
    other = next(each for each in town.world.technicians if each != given.technician_id)
    assert seen_by(town.stranger, given) == 404
    assert seen_by(town.by_id(other), given) in (404, [])
    given.does("check-in", "check-out")
    assert at(given.technician)["visits"] == []
    assert_events(story)


def test_the_operator_places_a_hold_and_lifts_it_once(story):
    given = story.assigned()
    operator, staff = story.town.key("operator"), given.staff
    hold = operator.post("/v1/legal-holds", {"job_id": given.job["id"], "why": "lawsuit"})
    assert hold.status_code == 201, hold.text
    assert hold.json()["about"] == "job"
    assert [each["id"] for each in operator.get("/v1/legal-holds").json()["items"]] == [hold.json()["id"]]
    assert staff.get("/v1/legal-holds").status_code == 403
    assert staff.post("/v1/legal-holds", {"job_id": given.job["id"], "why": "lawsuit"}).status_code == 403
    lift = f"/v1/legal-holds/{hold.json()['id']}/lift"
    assert operator.post(lift).json()["lifted_at"] is not None
    assert operator.post(lift).json()["code"] == "conflict"
    assert operator.post(f"/v1/legal-holds/{uuid4()}/lift").status_code == 404
    assert_events(story)


def test_a_hold_names_one_thing_that_is_there_a_code_and_a_time_to_come(story):
    operator = story.town.key("operator")
    job = story.town.posted()["id"]
    bad = [
        ({"why": "lawsuit"}, 422),
        ({"why": "lawsuit", "job_id": job, "client_id": str(story.town.world.client)}, 422),
        ({"why": "Miller against Acme", "job_id": job}, 422),
        ({"why": "lawsuit", "job_id": job, "until": "2021-03-01T00:00:00Z"}, 422),
        ({"why": "lawsuit", "job_id": str(uuid4())}, 404),
        ({"why": "lawsuit", "technician_id": str(uuid4())}, 404),
        ({"why": "lawsuit", "client_id": str(uuid4())}, 404),
    ]
    answers = [operator.post("/v1/legal-holds", body).status_code for body, _ in bad]
    assert answers == [status for _, status in bad]


def assert_events(story):
    with story.town.world.as_engine() as (session, _):
        assert_events_impersonal(session)


SAID = "I parked behind the store"


def worked(story):
    """A job that somebody went to, wrote about and photographed."""
    given = story.assigned()
    given.does("leave")
    at(given.technician)
    given.does("check-in")
    given.photo = given.sends(picture())
    wrote = given.technician.post(f"{given.job_url}/messages", {"text": SAID, "language": "en"})
    assert (wrote.status_code, wrote.json()["text"]) == (201, SAID)
    return given


def ends(story, given):
    """The work is over, as far as the record goes."""
    story.time_passes(
        "UPDATE assignments SET state = 'finished', ended_at = now() WHERE id = %(a)s", a=given.assignment_id
    )


def background(story, times=10):
    """What the courier does now and then."""
    town = story.town
    store = open_store(None, town.settings.data_dir)
    engine = town.app.state.parts.engine
    for _ in range(times):
        with transaction(engine, ENGINE, role="engine") as session:
            now = session.scalar(text("SELECT clock_timestamp()"))
            if not tend(session, store, tax_kept_years=4, now=now):
                return


def stored_words(story):
    with story.town.world.as_engine() as (session, _):
        return list(session.scalars(text("SELECT words FROM messages ORDER BY id")))


def bytes_on_disk(story):
    folder = Path(story.town.settings.data_dir) / "files"
    return [each.read_bytes() for each in folder.rglob("*") if each.is_file()]


def test_what_a_technician_writes_and_sends_is_sealed_and_read_by_those_who_may(sealed):
    given = worked(sealed)
    assert SAID not in str(stored_words(sealed))
    assert given.staff.get(f"{given.job_url}/messages").json()["items"][0]["text"] == SAID
    got = given.staff.get(f"/v1/files/{given.photo}")
    assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
    assert got.content.startswith(b"\xff\xd8")
    assert all(not each.startswith(b"\xff\xd8") for each in bytes_on_disk(sealed))


def test_a_technician_takes_along_what_is_held_on_them_and_nothing_of_others(sealed):
    given = worked(sealed)
    given.staff.post(f"{given.job_url}/messages", {"text": "Mind the dog", "language": "en"})
    answer = given.technician.get("/v1/technicians/me/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        person = json.loads(archive.read("data/technicians.json"))[0]
        said = [each["words"] for each in json.loads(archive.read("data/messages.json"))]
        photo = archive.read(f"files/{given.photo}.jpg")
        everything = b"".join(archive.read(each) for each in names if each.endswith(".json")).decode()
    assert person["id"] == str(given.technician_id)
    assert said == [SAID]
    assert photo.startswith(b"\xff\xd8")
    with sealed.town.world.as_engine() as (session, _):
        others = text("SELECT name, id::text FROM technicians WHERE id <> :t")
        for name, id_ in session.execute(others, {"t": given.technician_id}).all():
            assert name not in everything
            assert id_ not in everything
    assert "Mind the dog" not in everything
    assert "Rosa Marsh" not in everything
    assert given.staff.get("/v1/technicians/me/export").status_code == 403


def test_somebody_is_erased_when_nothing_is_in_the_way_and_everything_still_works(sealed):
    given = worked(sealed)
    town, operator = sealed.town, sealed.town.key("operator")
    asked = given.technician.post("/v1/technicians/me/erasure")
    assert asked.status_code == 201, asked.text
    assert [each["code"] for each in asked.json()["blocked_by"]] == ["live_work"]
    assert asked.json()["blocked_by"][0]["until"] is not None
    assert given.technician.post("/v1/technicians/me/erasure").json()["code"] == "conflict"
    url = f"/v1/erasures/{asked.json()['id']}"
    assert given.technician.post(f"{url}/grant").status_code == 403
    assert [each["id"] for each in operator.get("/v1/erasures?state=asked").json()["items"]] == [asked.json()["id"]]
    assert operator.post(f"{url}/grant").json()["state"] == "granted"
    background(sealed)
    waiting = given.technician.get("/v1/technicians/me/erasure").json()[0]
    assert (waiting["state"], waiting["progress"]) == ("granted", {})
    name = given.technician.get(f"/v1/technicians/{given.technician_id}").json()["name"]

    assert ([each["code"] for each in waiting["blocked_by"]], waiting["moves"]) == (["live_work"], ["withdraw"])

    ends(sealed, given)
    # What is read is how it stands, not what the last look found.
    [waiting] = operator.get("/v1/erasures?state=granted").json()["items"]
    assert (waiting["blocked_by"], waiting["moves"]) == ([], [])
    before = stored_words(sealed)
    sealed.time_passes("UPDATE erasures SET next_at = now()")
    background(sealed)
    done = operator.get("/v1/erasures").json()["items"][0]
    assert (done["state"], done["blocked_by"]) == ("done", [])
    assert done["progress"]["num_files"] == 1

    town.app.state.parts.keys.clear()  # seconds pass
    assert given.technician.get("/v1/offers").status_code == 401
    shown = operator.get(f"/v1/technicians/{given.technician_id}").json()
    assert (shown["name"], shown["state"], shown["moves"]) == ("[erased]", "erased", [])
    assert given.staff.get(f"{given.job_url}/messages").json()["items"][0]["text"] == "[erased]"
    gone = given.staff.get(f"/v1/files/{given.photo}")
    assert (gone.status_code, gone.json()["code"]) == (409, "conflict")
    assert given.staff.get(f"{given.job_url}/files").json()["items"][0]["erased_at"] is not None
    assert bytes_on_disk(sealed) == []
    for url in (given.job_url, given.visit, f"{given.visit}/time-log", f"{given.job_url}/offers", "/v1/technicians"):
        answer = given.staff.get(url)
        assert answer.status_code == 200, (url, answer.text)
        assert name not in answer.text
    assert all(each != SAID for each in before)
    with town.world.as_engine() as (session, now):
        seal(session, now)
        chains = [verify(session, each) for each in (None, town.world.client)]
        assert [each.first_break for each in chains] == [None, None]
        assert chains[0].num_events > 3
        books = verify_books(session)
        assert [*books.wrong_accounts, *books.wrong_transactions] == []
        assert_events_impersonal(session)
    # They are asked for nothing any more, and nobody brings them back.
    _, offers = town.offered()
    assert given.technician_id not in {each.technician_id for each in offers}
    assert operator.post(f"/v1/technicians/{given.technician_id}/invite").json()["code"] == "conflict"


def test_who_is_erased_is_signed_out_and_gets_no_link_any_more(sealed):
    given, mail = worked(sealed), Mail(sealed.town)
    give_address(sealed.town, given.technician_id, "anna@example.org")
    phone = Browser(sealed.town)
    phone.post("/v1/sign-in/link", {"email": "anna@example.org"})
    phone.opens(token_in(mail.goes_out()[0].body))
    assert phone.put("/v1/me/password", {"password": "correct horse battery"}).status_code == 204
    assert phone.get("/v1/me").json()["role"] == "technician"
    answer = phone.get("/v1/technicians/me/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [session] = json.loads(archive.read("data/sessions.json"))
        assert (session["email"], session["method"]) == ("anna@example.org", "link")
        assert "hash" not in session
        assert "data/passwords.json" not in archive.namelist()

    ends(sealed, given)
    asked = phone.post("/v1/technicians/me/erasure").json()
    sealed.town.key("operator").post(f"/v1/erasures/{asked['id']}/grant")
    background(sealed, times=1)
    assert phone.get("/v1/me").status_code == 401
    assert Browser(sealed.town).post("/v1/sign-in/link", {"email": "anna@example.org"}).status_code == 202
    assert mail.goes_out() == []
    by_password = {"email": "anna@example.org", "password": "correct horse battery"}
    assert Browser(sealed.town).post("/v1/sign-in/password", by_password).status_code == 401
    with sealed.town.world.as_engine() as (session, _):
        left = "SELECT (SELECT count(*) FROM passwords), (SELECT count(*) FROM sessions)"
        assert tuple(session.execute(text(left)).one()) == (0, 0)
    background(sealed)
    assert_events(sealed)


def test_a_wish_that_nobody_decides_in_time_is_late_for_the_operator_and_told_once(sealed):
    asked = sealed.town.technician(0).post("/v1/technicians/me/erasure").json()
    sealed.town.technician(1).post("/v1/technicians/me/erasure")
    operator = sealed.town.key("operator")
    background(sealed)
    assert operator.get("/v1/erasures?late=true").json()["items"] == []
    past = "asked_at = asked_at - interval '31 days', decide_by = decide_by - interval '31 days'"
    sealed.time_passes(f"UPDATE erasures SET {past} WHERE id = %(id)s", id=asked["id"])
    background(sealed)
    background(sealed)
    [late] = operator.get("/v1/erasures?late=true").json()["items"]
    assert (late["id"], late["is_late"]) == (asked["id"], True)
    assert [each["erasure"] for each in sealed.told("technician", "erasure_late")] == [asked["id"]]
    assert [each["subject_id"] for each in waiting_for(operator)] == [asked["id"]]
    operator.post(f"/v1/erasures/{asked['id']}/refuse", {"why": "not_them"})
    assert operator.get("/v1/erasures?late=true").json()["items"] == []
    assert waiting_for(operator) == []


def waiting_for(caller):
    """Erasures on somebody's trouble list that are late."""
    return [each for each in caller.get("/v1/trouble").json()["items"] if each["kind"] == "erasure_late"]


def test_what_is_granted_and_not_done_by_its_date_is_the_operators_trouble_until_it_is_done(sealed):
    given = worked(sealed)
    town, operator = sealed.town, sealed.town.key("operator")
    olga = add_staff(town, "operator", "olga@network.example", "Olga Perez")
    asked = given.technician.post("/v1/technicians/me/erasure").json()
    operator.post(f"/v1/erasures/{asked['id']}/grant")
    past = "asked_at = asked_at - interval '31 days', decide_by = decide_by - interval '31 days'"
    sealed.time_passes(f"UPDATE erasures SET {past}")
    background(sealed)
    [late] = waiting_for(operator)
    assert (late["client_id"], late["job"], late["subject_id"]) == (None, None, asked["id"])
    assert late["minutes_left"] < -1000
    assert late["acts"][0]["operation"] == "listErasures"
    assert waiting_for(given.staff) == []
    assert late["id"] not in given.staff.get("/v1/alarms").text
    url = f"/v1/alarms/{late['id']}"
    assert given.staff.post(f"{url}/acknowledge").status_code == 404
    assert operator.post(f"{url}/acknowledge").json()["state"] == "acknowledged"
    assert operator.post(f"{url}/put-back").json()["state"] == "raised"
    # Nobody takes it on: whoever is there of the operator's hears of it.
    sealed.time_passes("UPDATE alarms SET next_climb_at = now(), raised_at = raised_at - interval '2 hours'")
    with town.world.as_engine() as (session, now):
        assert climb(session, now) >= 1
    [step] = [each for each in sealed.told("alarm", "escalated") if each["kind"] == "erasure_late"]
    assert step["staff"] == [str(olga)]

    ends(sealed, given)
    sealed.time_passes("UPDATE erasures SET next_at = now()")
    background(sealed)
    assert operator.get("/v1/erasures").json()["items"][0]["state"] == "done"
    assert waiting_for(operator) == []
    assert operator.post(f"{url}/acknowledge").json()["code"] == "conflict"
    assert_events(sealed)


def test_what_is_a_clients_trouble_is_the_operators_to_read_and_not_to_answer(story):
    town = story.town
    job = town.posted()
    with town.world.as_engine() as (session, now):
        alarm = raise_alarm(
            session, ENGINE, "unfilled", client_id=town.world.client, job_id=UUID(job["id"]), due_at=now, now=now
        )
    operator = town.key("operator")
    [seen] = [each for each in operator.get("/v1/trouble").json()["items"] if each["id"] == str(alarm)]
    assert seen["moves"] == []
    assert operator.post(f"/v1/alarms/{alarm}/acknowledge").status_code == 404
    [theirs] = [each for each in town.staff.get("/v1/trouble").json()["items"] if each["id"] == str(alarm)]
    assert "acknowledge" in theirs["moves"]


def test_a_hold_keeps_a_person_until_it_is_lifted(sealed):
    given = worked(sealed)
    ends(sealed, given)
    operator = sealed.town.key("operator")
    hold = operator.post("/v1/legal-holds", {"job_id": given.job["id"], "why": "lawsuit"}).json()["id"]
    erasure = given.technician.post("/v1/technicians/me/erasure").json()
    operator.post(f"/v1/erasures/{erasure['id']}/grant")
    background(sealed)
    waiting = operator.get("/v1/erasures").json()["items"][0]
    assert (waiting["state"], waiting["blocked_by"]) == ("granted", [{"code": "legal_hold", "num": 1, "until": None}])
    assert given.staff.get(f"/v1/files/{given.photo}").status_code == 200
    operator.post(f"/v1/legal-holds/{hold}/lift")
    sealed.time_passes("UPDATE erasures SET next_at = now()")
    background(sealed)
    assert operator.get("/v1/erasures").json()["items"][0]["state"] == "done"


def test_an_erasure_is_refused_with_a_code_or_withdrawn_by_who_asked(sealed):
    town, operator = sealed.town, sealed.town.key("operator")
    first, second = town.technician(0), town.technician(1)
    asked = first.post("/v1/technicians/me/erasure").json()
    url = f"/v1/erasures/{asked['id']}"
    assert operator.post(f"{url}/refuse", {}).status_code == 422
    assert operator.post(f"{url}/withdraw", {}).status_code == 403
    assert second.post(f"{url}/withdraw", {}).status_code == 404
    refused = operator.post(f"{url}/refuse", {"why": "not_them"}).json()
    assert (refused["state"], refused["why"]) == ("refused", "not_them")
    assert operator.post(f"{url}/grant", {}).json()["code"] == "conflict"
    again = first.post("/v1/technicians/me/erasure").json()
    operator.post(f"/v1/erasures/{again['id']}/grant", {})
    assert first.post(f"/v1/erasures/{again['id']}/withdraw", {}).json()["state"] == "withdrawn"
    background(sealed)
    assert town.technician(0).get("/v1/offers").status_code == 200


def test_an_appeal_of_somebody_erased_ends_with_them_and_says_so(sealed):
    given = worked(sealed)
    operator = sealed.town.key("operator")
    decision = given.staff.get(f"{given.job_url}/decisions").json()["items"][0]["id"]
    asked = given.technician.post("/v1/reviews", {"decision_id": decision, "words": "Why not me at once?"})
    assert asked.status_code == 201, asked.text
    ends(sealed, given)
    erasure = given.technician.post("/v1/technicians/me/erasure").json()
    operator.post(f"/v1/erasures/{erasure['id']}/grant", {})
    background(sealed)
    answer = operator.post(f"/v1/reviews/{asked.json()['id']}/answer", {"verdict": "upheld", "words": "You are right."})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "erased" in answer.json()["detail"]


def test_an_excuse_of_somebody_erased_ends_as_nobody_answered_it(sealed):
    given = sealed.assigned()
    said = {"why": "unsafe", "words": "Bare wires"}
    assert given.technician.post(f"/v1/assignments/{given.assignment_id}/back-out", said).status_code == 200
    sealed.time_passes("UPDATE reviews SET due_at = now() - interval '1 minute'")
    erasure = given.technician.post("/v1/technicians/me/erasure").json()
    granted = sealed.town.key("operator").post(f"/v1/erasures/{erasure['id']}/grant", {})
    assert granted.status_code == 200, granted.text
    background(sealed)
    (review,) = sealed.town.key("operator").get("/v1/reviews").json()["items"]
    assert (review["state"], review["words"]) == ("unanswered", "[erased]")
