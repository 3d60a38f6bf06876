"""A client and a technician differ about an hour: the history is packed, signed, and verified by who trusts neither."""

import hashlib
import json

import pytest
from excusing import answers, point, waiting
from pictures import photo
from points import starts
from sqlalchemy import NullPool, create_engine, insert, text
from town import AUDIT_KEY, Caller
from typer.testing import CliRunner

from cli.audit import audit
from dispatch.audit.signing import known_key, public_key
from dispatch.record.tables import CredentialKindRow, StaffRow, new_id

NOTE = "Left after an hour, said Rosa"
SITE = {"lat": 30.3585, "lng": -103.6610, "accuracy_m": 10}
FAR_AWAY = {"lat": 31.0, "lng": -103.6610, "accuracy_m": 20}
AFTER = {"code": "after", "kind": "photo", "label": "The unit, closed"}
CLEARED = {"kinds": ["site_access"], "texts": [{"name": "alarm_code", "text": "4471-KANARIENVOGEL"}]}


@pytest.fixture
def operator(story) -> Caller:
    """A member of the operator's staff, who decides disputes."""
    staff = new_id()
    with story.town.world.as_engine() as (session, now):
        session.execute(
            insert(StaffRow).values(id=staff, role="operator", name="Olga", email="olga@example.org", created_at=now)
        )
        session.execute(insert(CredentialKindRow).values(code="site_access", name="Site access"))
    return story.town.key("operator", staff_id=staff)


@pytest.fixture
def disputed(story, operator):
    """A job that was done and paid for in part; about the other part both sides have said what they think."""
    client = f"/v1/clients/{story.town.world.client}"
    operator.post(f"{client}/money", {"rules": {"fee_share": "0.10", "pay_after_days": 0}})
    operator.post(f"{client}/funds", {"amount": "200.00"})
    given = story.assigned(cleared=CLEARED)
    given.does("confirm", "leave", "check-in", "check-out")
    given.technician.post(f"{given.job_url}/finish")
    [payment] = given.staff.get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    said = {"hours": "1.00", "amount": "70.00", "note": NOTE}
    wish = {"amount": "70.00", "reason": "hours", "position": said}
    dispute = given.staff.post(f"/v1/payments/{payment['id']}/dispute", wish)
    assert dispute.status_code == 201, dispute.text
    stated = given.technician.post(f"/v1/disputes/{dispute.json()['id']}/state", {"hours": "2.00"})
    assert stated.status_code == 200, stated.text
    return given


def packed(caller, given):
    """The pack as it was answered, and its lines as they were downloaded."""
    made = caller.post(f"{given.job_url}/dispute-pack")
    assert made.status_code == 201, made.text
    file = given.staff.get(made.json()["url"])
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    return made.json(), file.content


def verified(path, data, *words):
    """What the command says of a pack, offline."""
    path.write_bytes(data)
    return CliRunner().invoke(audit, ["verify-bundle", str(path), *words])


def test_the_client_makes_the_pack_and_it_is_verified_offline_and_a_tampered_line_is_named(disputed, tmp_path):
    pack, data = packed(disputed.staff, disputed)
    key = disputed.technician.get("/v1/audit-key").json()["key"]
    assert key == pack["key"] == public_key(known_key(AUDIT_KEY, tmp_path))
    good = verified(tmp_path / "pack.jsonl", data, "--key", key)
    assert (good.exit_code, good.stdout) == (0, f"Whole: {pack['num_events']} events, signed with the key {key}\n")

    lines = data.splitlines(keepends=True)
    records = [json.loads(line) for line in lines]
    num = next(num for num, each in enumerate(records, start=1) if each["what"] == "dispute")
    tampered = lines[num - 1].replace(b'"hours":"2.00"', b'"hours":"9.00"')
    assert tampered != lines[num - 1]
    bad = verified(tmp_path / "bad.jsonl", b"".join((*lines[: num - 1], tampered, *lines[num:])))
    assert (bad.exit_code, bad.stdout.startswith(f"line {num} (dispute ")) == (1, True)


def test_it_holds_what_each_side_states_and_who_approved_and_no_words_places_or_secrets(disputed):
    _, data = packed(disputed.staff, disputed)
    records = [json.loads(line) for line in data.splitlines()]
    by_what = {what: [each for each in records if each["what"] == what] for what in {each["what"] for each in records}}
    [dispute] = by_what["dispute"]
    hours = {side: said["hours"] for side, said in dispute["positions"].items()}
    assert hours == {"client": "1.00", "technician": "2.00"}
    assert len(dispute["note_sha256"]) == 64
    [payment] = by_what["payment"]
    assert (payment["currency"], payment["state"]) == ("USD", "disputed")
    assert payment["approvals"][0]["role"] == "dispatcher"
    [cleared] = by_what["cleared_text"]
    assert (cleared["name"], cleared["key_id"]) == ("alarm_code", "town-1")
    text = data.decode()
    for secret in (NOTE, "4471-KANARIENVOGEL", disputed.job["title"], "106 N 5th St", "Rosa"):
        assert secret not in text


def test_it_tells_how_far_from_the_site_each_came_and_left_and_the_hash_of_each_file_and_no_place(story):
    """One comes in at the site and checks out from 71 km off; the photo's bytes are what the hash is of."""
    given = story.assigned(deliverables=[AFTER])
    given.does("confirm", "leave")
    came = given.technician.post(f"{given.visit}/check-in", {"position": SITE})
    assert came.status_code == 200, came.text
    file_id = given.sends(photo(gps=True))
    handed_in = given.hands_in("after", file_id=file_id)
    went = given.technician.post(f"{given.visit}/check-out", {"position": FAR_AWAY})
    assert went.status_code == 200, went.text
    _, data = packed(given.staff, given)
    records = [json.loads(line) for line in data.splitlines()]
    [time] = [each for each in records if each["what"] == "time"]
    assert time["arrival"] == {"distance_m": 0, "accuracy_m": 10, "is_within": True, "signs": []}
    assert (time["departure"]["is_within"], time["departure"]["accuracy_m"]) == (False, 20)
    assert 71_000 < time["departure"]["distance_m"] < 72_000
    kept = given.staff.get(f"/v1/files/{file_id}").content
    [file] = [each for each in records if each["what"] == "file"]
    assert (file["id"], file["kind"], file["num_bytes"]) == (file_id, "photo", len(kept))
    assert file["sha256"] == hashlib.sha256(kept).hexdigest()
    [proof] = [each for each in records if each["what"] == "deliverable"]
    assert (proof["id"], proof["item"], proof["file_id"]) == (handed_in, "after", file_id)
    for place in ("30.3585", "103.661", AFTER["label"]):
        assert place not in data.decode()


def test_who_may_make_and_read_it(disputed, operator):
    pack, _ = packed(operator, disputed)
    town = disputed.town
    url = f"{disputed.job_url}/dispute-pack"
    assert town.stranger.post(url).status_code == 404
    assert disputed.technician.post(url).status_code == 403
    assert town.key("requester", client_id=town.world.client).post(url).status_code == 403
    for stranger in (town.stranger, disputed.technician):
        assert stranger.get(pack["url"]).status_code == 404
    events = disputed.staff.get(f"{disputed.job_url}/events").json()["items"]
    [told] = [each for each in events if each["kind"] == "pack_made"]
    assert told["data"] == {"file": pack["file_id"], "sha256": pack["sha256"], "num_events": pack["num_events"]}


def test_the_same_request_makes_one_pack_and_without_a_key_none(disputed):
    first, again = (disputed.staff.post(f"{disputed.job_url}/dispute-pack", key="one") for _ in range(2))
    assert first.json() == again.json()
    parts = disputed.town.app.state.parts
    parts.settings = parts.settings.model_copy(update={"audit_key": None})
    refused = disputed.staff.post(f"{disputed.job_url}/dispute-pack")
    assert (refused.status_code, refused.json()["detail"]) == (503, "the audit key")


def test_a_history_that_was_rewritten_is_signed_for_nobody(disputed, admin_url):
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        rewritten = "UPDATE events SET kind = 'approved' WHERE subject_id = :job AND kind = 'posted'"
        assert connection.execute(text(rewritten), {"job": disputed.job["id"]}).rowcount == 1
        connection.execute(text("ALTER TABLE events ENABLE TRIGGER USER"))
    answer = disputed.staff.post(f"{disputed.job_url}/dispute-pack")
    assert (answer.status_code, answer.json()["code"]) == (500, "damaged")


def test_it_holds_the_chains_of_what_people_looked_at_again_and_no_words_of_it(story, operator):
    given = story.assigned()
    starts(story, given, -120)
    said = {"why": "unsafe", "words": "A cable lies bare"}
    assert given.technician.post(f"/v1/assignments/{given.assignment_id}/back-out", said).status_code == 200
    [waits] = waiting(given.staff)
    assert answers(given.staff, waits["id"]).status_code == 200
    wish = {"event_id": point(story, given)["event_id"], "words": "Nobody was there"}
    appeal = given.technician.post("/v1/appeals", wish).json()
    assert answers(operator, appeal["id"], "upheld", "The log shows it").status_code == 200
    elsewhere = story.assigned(number="ELSEWHERE")
    starts(story, elsewhere, -120)
    elsewhere.technician.post(f"/v1/assignments/{elsewhere.assignment_id}/back-out", said)
    _, data = packed(given.staff, given)
    events = [each for each in map(json.loads, data.splitlines()) if each["what"] == "event"]
    kinds = ("appeal", "review", "excuse")
    told = [(each["subject"], each["kind"]) for each in events if each["subject"].split()[0] in kinds]
    assert told == [
        (f"appeal {appeal['id']}", "made"), (f"appeal {appeal['id']}", "upheld"),
        (f"excuse {waits['id']}", "made"), (f"excuse {waits['id']}", "rejected"),
    ]  # fmt: skip
    assert not [words for words in ("A cable", "Nobody was", "The log shows") if words in data.decode()]
