"""Conversations over HTTP: who reads and writes what, what stands as evidence, what comes in from outside."""

import pytest
from sqlalchemy import select, text
from town import Town

from dispatch.record.tables import (
    EventRow,
    MessageRow,
    TechnicianMarkRow,
    new_id,
)

HELLO = {"text": "The door is locked"}


def assigned(town: Town):
    """A job that somebody has: its address, their caller, the assignment."""
    job, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    won = technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    return f"/v1/jobs/{job['id']}", technician, won


def others(town: Town):
    """Somebody who was asked and did not get it, and somebody of another client."""
    return town.technician(7), town.stranger


def words(answer) -> list[str]:
    return [each["text"] for each in answer.json()["items"]]


def test_both_sides_read_what_both_wrote_and_nobody_else_reads_or_writes(town: Town):
    job, technician, _ = assigned(town)
    assert words(town.staff.get(f"{job}/messages")) == []
    assert technician.post(f"{job}/messages", HELLO).status_code == 201
    assert town.staff.post(f"{job}/messages", {"text": "The key is next door"}).status_code == 201
    for caller in (town.staff, technician, town.key("operator")):
        assert words(caller.get(f"{job}/messages")) == ["The key is next door", "The door is locked"]
    (thread,) = technician.get("/v1/threads").json()["items"]
    for stranger in others(town):
        assert stranger.get("/v1/threads").json()["items"] == []
        assert stranger.get(f"{job}/messages").status_code == 404
        assert stranger.post(f"{job}/messages", HELLO).status_code == 404
        assert stranger.get(f"/v1/threads/{thread['id']}/messages").status_code == 404
        assert stranger.post(f"/v1/threads/{thread['id']}/messages", HELLO).status_code == 404
    assert town.key("operator").post(f"{job}/messages", HELLO).status_code == 403


def test_who_is_off_the_job_reads_what_was_written_while_they_were_on_it(town: Town):
    job, technician, won = assigned(town)
    town.staff.post(f"{job}/messages", {"text": "while you are on it"})
    town.staff.post(f"/v1/assignments/{won['assignment_id']}/release", {"why": "other"})
    town.staff.post(f"{job}/messages", {"text": "about you, when you were gone"})
    assert words(technician.get(f"{job}/messages")) == ["while you are on it"]
    refused = technician.post(f"{job}/messages", HELLO)
    assert (refused.status_code, refused.json()["rules"]) == (409, ["not_on_it"])


def test_read_marks_are_each_readers_own_and_only_move_on(town: Town):
    job, technician, _ = assigned(town)
    first, second = (town.staff.post(f"{job}/messages", {"text": each}).json() for each in ("one", "two"))
    (thread,) = technician.get("/v1/threads").json()["items"]
    assert (thread["num_unread"], thread["client"], thread["title"]) == (2, "Acme service", "Replace drive")
    assert thread["time_zone"] == "America/Chicago"
    read = f"/v1/threads/{thread['id']}/read"
    assert technician.post(read, {"message_id": second["id"]}).json() == {"moved": True}
    assert technician.post(read, {"message_id": first["id"]}).json() == {"moved": False}
    assert technician.get("/v1/threads").json()["items"][0]["num_unread"] == 0
    shown = town.staff.get(f"{job}/messages").json()["items"]
    assert all(any(who.startswith("technician:") for who in each["read_by"]) for each in shown)
    assert technician.post(read, {"message_id": str(new_id())}).status_code == 404


def test_conversations_with_something_unread_are_told_alone_however_many_there_are(town: Town):
    jobs = [assigned(town) for _ in range(3)]
    for job, technician, _won in jobs:
        assert technician.post(f"{job}/messages", HELLO).status_code == 201
    unread = "/v1/threads?unread=true&limit=1"

    def read_on() -> list[str]:
        found, url = [], unread
        while url:
            answer = town.staff.get(url)
            found += [each["job_id"] for each in answer.json()["items"]]
            url = f"{unread}&cursor={answer.json()['next']}" if answer.json()["next"] else ""
        return found

    ids = [job.rpartition("/")[2] for job, _, _ in jobs]
    assert sorted(read_on()) == sorted(ids)
    (middle,) = [each for each in town.staff.get("/v1/threads").json()["items"] if each["job_id"] == ids[1]]
    (said,) = town.staff.get(f"{jobs[1][0]}/messages").json()["items"]
    town.staff.post(f"/v1/threads/{middle['id']}/read", {"message_id": said["id"]})
    assert sorted(read_on()) == sorted([ids[0], ids[2]])
    assert len(town.staff.get("/v1/threads").json()["items"]) == 3
    # Whoever wrote has read it; a stranger hears of none.
    assert jobs[0][1].get(unread).json()["items"] == []
    assert town.stranger.get(unread).json()["items"] == []


def test_a_correction_and_a_translation_stand_beside_the_original(town: Town):
    job, technician, _ = assigned(town)
    original = technician.post(f"{job}/messages", {"text": "La puerta esta cerada", "language": "es"}).json()
    about = {"about_id": original["id"]}
    fixed = {"text": "La puerta está cerrada", "language": "es", "kind": "correction"} | about
    english = {"text": "The door is locked", "language": "en", "kind": "translation"} | about
    assert technician.post(f"{job}/messages", fixed).status_code == 201
    assert town.staff.post(f"{job}/messages", fixed).status_code == 422, "only who wrote it corrects it"
    assert town.staff.post(f"{job}/messages", english).status_code == 201
    assert town.staff.post(f"{job}/messages", english | {"language": "es"}).status_code == 422
    assert town.staff.post(f"{job}/messages", english | {"about_id": None}).status_code == 422
    assert town.staff.post(f"{job}/messages", english | {"about_id": str(new_id())}).status_code == 404
    kinds = [(each["kind"], each["text"]) for each in town.staff.get(f"{job}/messages").json()["items"]]
    assert kinds[-1] == ("message", "La puerta esta cerada")
    assert [kind for kind, _ in kinds] == ["translation", "correction", "message"]


def test_what_was_said_is_kept_from_the_program_too(town: Town):
    job, technician, _ = assigned(town)
    technician.post(f"{job}/messages", HELLO)

    def rewrite() -> None:
        with town.world.as_engine() as (session, _):
            session.execute(text("UPDATE messages SET words = 'The door was open'"))

    with pytest.raises(Exception, match="permission denied"):
        rewrite()


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": " \n "},
        {"text": "x" * 10_001},
        {"text": "a\u0000b"},
        {"text": "abc\u202edef"},
        {"text": "a\u0007b"},
        {"text": "ok", "language": "klingon!"},
        {"text": "ok", "files": ["01973b2e-7c1a-7000-8000-0000000000e1"]},
        {"text": "ok", "files": ["not an id"]},
        {"text": "ok", "kind": "rumour"},
        {"text": "ok", "kind": "correction"},
        {"text": 7},
        {"words": "ok"},
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_way_out(town: Town, body):
    job, technician, _ = assigned(town)
    answer = technician.post(f"{job}/messages", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["way_out"]


def test_a_lone_surrogate_and_ten_megabytes_are_refused_at_the_door(town: Town):
    job, technician, _ = assigned(town)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "s"}
    lone = technician.call("POST", f"{job}/messages", content=b'{"text": "\\ud800"}', headers=headers)
    assert lone.status_code == 422
    huge = b'{"text": "' + b"x" * 10_000_000 + b'"}'
    assert technician.call("POST", f"{job}/messages", content=huge, headers=headers).status_code in (413, 422)


def test_a_client_and_a_technician_write_to_each_other_once_they_know_each_other(town: Town):
    _, offers = town.offered()
    them, caller = offers[0].technician_id, town.by_id(offers[0].technician_id)
    url = f"/v1/technicians/{them}/messages"
    refused = town.staff.post(url, {"text": "Hello?"})
    assert (refused.status_code, refused.json()["rules"]) == (409, ["no_relation"])
    caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert town.staff.post(url, {"text": "Are you free on Monday?"}).status_code == 201
    assert caller.post(url, {"text": "I am", "client_id": str(town.world.client)}).status_code == 201
    assert caller.post(url, {"text": "I am"}).status_code == 422
    assert words(caller.get(url)) == words(town.staff.get(url)) == ["I am", "Are you free on Monday?"]
    assert words(town.stranger.get(url)) == []
    assert town.stranger.post(url, {"text": "Hello?"}).status_code == 409
    assert town.technician(7).post(url, {"text": "Hi", "client_id": str(town.world.client)}).status_code == 404
    with town.world.as_engine() as (session, now):
        mark = {
            "technician_id": them,
            "client_id": town.world.client,
            "kind": "block",
            "reason": "Rude",
            "marked_at": now,
        }
        session.add(TechnicianMarkRow(**mark))
    assert town.staff.post(url, {"text": "Hello?"}).json()["rules"] == ["no_relation"], "a block is not told"


def test_a_text_is_taken_in_once_however_often_its_carrier_brings_it(town: Town):
    job, technician, _ = assigned(town)
    town.staff.post(f"{job}/messages", HELLO)
    (thread,) = technician.get("/v1/threads").json()["items"]
    gateway = town.key("gateway")
    sms = {"id": "SM-7", "sender": "+14325550000", "text": f"#{thread['code']} On my way"}
    answers = [gateway.post("/v1/gateway/sms", sms).json() for _ in range(3)]
    assert [each["outcome"] for each in answers] == ["posted", "duplicate", "duplicate"]
    assert len({each["message_id"] for each in answers}) == 1
    assert words(town.staff.get(f"{job}/messages")) == ["On my way", "The door is locked"]


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("+14325559999", "#{code} hello"),
        ("+14325550007", "#{code} hello"),
        ("+14325550000", "#ZZZZZZ hello"),
        ("not a number", "#{code} hello"),
        ("+14325559999", "hello"),
        ("+14325550000", "#{code}"),
        ("+14325550000", "#{code} \u202e\u0007"),
    ],
)
def test_whoever_is_not_known_there_gets_the_same_help_and_learns_nothing(town: Town, sender: str, said: str):
    job, technician, _ = assigned(town)
    town.staff.post(f"{job}/messages", HELLO)
    (thread,) = technician.get("/v1/threads").json()["items"]
    sms = {"id": "SM-8", "sender": sender, "text": said.format(code=thread["code"])}
    answer = town.key("gateway").post("/v1/gateway/sms", sms).json()
    assert (answer["outcome"], answer["message_id"]) == ("help", None)
    assert answer["reply"].startswith("We could not place your message.")
    assert words(town.staff.get(f"{job}/messages")) == ["The door is locked"]


def test_without_a_code_a_text_goes_where_there_is_but_one_conversation(town: Town):
    job, technician, _ = assigned(town)
    town.staff.post(f"{job}/messages", HELLO)
    gateway = town.key("gateway")
    sms = {"sender": "+14325550000", "text": "Got it"}
    assert gateway.post("/v1/gateway/sms", sms | {"id": "SM-1"}).json()["outcome"] == "posted"
    me = technician.get("/v1/technicians").json()["items"][0]["id"]
    town.staff.post(f"/v1/technicians/{me}/messages", {"text": "Another matter"})
    assert gateway.post("/v1/gateway/sms", sms | {"id": "SM-2"}).json()["outcome"] == "help"


def test_the_sites_contact_answers_a_mail_by_the_relays_address(town: Town):
    job, _, _ = assigned(town)
    site = f"/v1/sites/{town.world.site}"
    changes = {"contact_email": "Store1147@example.org", "contact_language": "es"}
    assert town.staff.patch(site, changes, etag=town.staff.get(site).headers["ETag"]).status_code == 200
    town.staff.post(f"{job}/messages", HELLO)
    (thread,) = town.staff.get("/v1/threads").json()["items"]
    text_ = "La puerta de atrás está abierta.\n\nOn Thu, Nov 26, 2026 Acme wrote:\n> The door is locked"
    mail = {"id": "<1@example.org>", "sender": "store1147@example.org", "text": text_}
    mail["to"] = f"Relay <relay+{thread['code'].lower()}@relay.example>"
    assert town.key("gateway").post("/v1/gateway/mail", mail).json()["outcome"] == "posted"
    said = town.staff.get(f"{job}/messages").json()["items"][0]
    assert (said["author"]["kind"], said["author"]["name"]) == ("contact", "Rosa Marsh")
    assert (said["text"], said["language"], said["via"]) == ("La puerta de atrás está abierta.", "es", "mail")
    assert town.staff.post("/v1/gateway/mail", mail).status_code == 403


def test_two_who_write_first_at_once_share_one_conversation(town: Town):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    job, technician, _ = assigned(town)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: (town.staff, technician)[n % 2].post(f"{job}/messages", HELLO), range(8)))
    assert {each.status_code for each in sent} == {201}
    assert len({each.json()["thread_id"] for each in sent}) == 1
    with town.world.as_engine() as (session, _):
        events = session.scalars(select(EventRow).where(EventRow.subject_kind == "message")).all()
        assert sorted(each.kind for each in events) == ["posted"] * 8
        assert "The door" not in str([each.data for each in events])
        assert len(session.scalars(select(MessageRow.id)).all()) == 8
