"""Stories of what only the cleared read: an alarm code, from the posting to the reading, and who finds it nowhere."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from dumping import dumped
from personal_data import assert_events_impersonal
from processes import until
from racing import race
from sqlalchemy import NullPool, create_engine, func, select, text, update
from town import DATA_KEYS, Caller, Town

from dispatch.record.datakeys import parse_ring
from dispatch.record.sealing import DataKey, KeyRing, new_secret
from dispatch.record.tables import ClearedTextRow, CredentialKindRow, CredentialRow, EventRow, JobRow, new_id
from dispatch.standing.making import make_due
from dispatch.talent.reading import read_technicians
from dispatch.visits import disclosing

#: What must be found nowhere, not even as the bytes of a document.
CANARY = "4471-KANARIENVOGEL#"
OTHER = "ruecktuer-KOLIBRI-9"
KIND = "site_access"
CLEARED = {"kinds": [KIND], "texts": [{"name": "alarm_code", "text": CANARY}, {"name": "back_door", "text": OTHER}]}


@pytest.fixture
def admin(town: Town) -> Caller:
    return town.key("client_admin", client_id=town.world.client)


@pytest.fixture
def requester(town: Town) -> Caller:
    return town.key("requester", client_id=town.world.client)


@pytest.fixture(autouse=True)
def kind(town: Town) -> None:
    """A kind of credential that nobody of the world holds yet."""
    with town.world.as_engine() as (session, _):
        session.add(CredentialKindRow(code=KIND, name="Site access"))


def clears(town: Town, technician: UUID, days: int = 30) -> UUID:
    """The technician holds what is demanded, from now on."""
    today = datetime.now(UTC).date()
    with town.world.as_engine() as (session, _):
        row = CredentialRow(
            id=new_id(),
            technician_id=technician,
            kind=KIND,
            state="verified",
            valid_from=today - timedelta(days=1),
            valid_until=today + timedelta(days=days),
            evidence="",
            created_at=datetime.now(UTC),
        )
        session.add(row)
    return row.id


def marks(given: Any) -> list[bool]:
    """Which visits of the technician's day say that something of them only the cleared may read."""
    day = given.town.world.start.date()
    return [each["has_cleared"] for each in given.technician.get(f"/v1/day?date={day}").json()["stops"]]


def series_of(town: Town, template: str, **more: Any) -> Any:
    """A series of one day from the template, as it was answered."""
    wish = {"name": "Vaults", "site_id": str(town.world.site), "template_id": template, "rule": "FREQ=DAILY;COUNT=1"}
    when = {"first_day": town.world.start.date().isoformat(), "start_time": "08:00", "window_min": 240}
    return town.staff.post("/v1/series", wish | when | {"number_pattern": "S-{num}", "make_ahead_days": 180} | more)


def texts_of(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["text"] for each in answer.json()["texts"]}


@pytest.fixture
def nowhere(admin_url: str, caplog: pytest.LogCaptureFixture) -> Callable[[], None]:
    """Asserts that the texts stand nowhere: in no table, no log."""
    caplog.set_level("DEBUG")

    def look() -> None:
        everything = dumped(admin_url) + caplog.text
        assert "alarm_code" in everything
        for secret in (CANARY, OTHER):
            assert secret not in everything
            assert secret.encode().hex() not in everything

    return look


def test_a_day_has_no_mark_where_there_is_nothing_for_the_cleared(story):
    assert marks(story.assigned()) == [False]


def test_an_alarm_code_is_read_by_the_cleared_and_each_reading_is_told(story, town, admin, requester, nowhere):
    given = story.assigned(cleared=CLEARED, disclosure={"description": "assigned"}, description="Behind the counter")
    cleared = {"kinds": [KIND], "names": ["alarm_code", "back_door"]}
    assert given.job["cleared"] == cleared
    assert given.technician.get(given.visit).json()["cleared"] == cleared
    assert marks(given) == [True], "their day has a mark, and it reads nothing"
    assert admin.get(f"/v1/cleared-readings?job_id={given.job['id']}").json()["items"] == []
    url = f"{given.job_url}/cleared"

    refused = given.technician.get(url)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert f"you need {KIND} in force" in refused.json()["detail"]
    clears(town, given.technician_id)
    read = given.technician.get(url)
    assert texts_of(read) == {"alarm_code": CANARY, "back_door": OTHER}
    assert read.headers["Cache-Control"] == "no-store"

    other = next(each for each in town.world.technicians if each != given.technician_id)
    clears(town, other)
    for stranger in (town.by_id(other), town.stranger):
        assert stranger.get(url).status_code == 404
    assert requester.get(url).status_code == 403
    assert town.key("operator").get(url).status_code == 403
    assert texts_of(given.staff.get(url))["back_door"] == OTHER

    told = admin.get(f"/v1/cleared-readings?job_id={given.job['id']}").json()["items"]
    assert [(each["actor_kind"], each["names"]) for each in told] == [
        ("dispatcher", ["alarm_code", "back_door"]),
        ("technician", ["alarm_code", "back_door"]),
    ]
    assert [
        each["id"] for each in admin.get(f"/v1/cleared-readings?reader_id={told[1]['actor_id']}").json()["items"]
    ] == [told[1]["id"]]
    assert given.staff.get("/v1/cleared-readings").status_code == 403
    globex = town.key("client_admin", client_id=town.globex)
    assert globex.get("/v1/cleared-readings").json()["items"] == []

    given.does("check-in", "check-out")
    assert given.technician.get(url).status_code == 404
    with town.world.as_engine() as (session, _):
        assert_events_impersonal(session)
    nowhere()


def test_who_is_asked_reads_no_description_that_is_for_the_assigned(town):
    job, offers = town.offered(
        description="Behind the counter", disclosure={"description": "assigned"}, cleared=CLEARED
    )
    asked = town.by_id(offers[0].technician_id)
    clears(town, offers[0].technician_id)
    assert asked.get(f"/v1/offers/{offers[0].id}").json()["description"] == ""
    assert asked.get(f"/v1/visits/{offers[0].visit_id}").json()["cleared"] is None
    assert asked.get(f"/v1/jobs/{job['id']}/cleared").status_code == 404
    asked.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert asked.get(f"/v1/visits/{offers[0].visit_id}").json()["description"] == "Behind the counter"
    assert asked.get(f"/v1/offers/{offers[0].id}").json()["description"] == "Behind the counter"


def test_a_change_is_a_new_version_keeps_what_is_not_given_and_asks_nobody_anew(town, admin):
    job, offers = town.offered(cleared=CLEARED)
    url = f"/v1/jobs/{job['id']}"
    version = town.staff.get(url).headers["ETag"]
    wish = {"kinds": [KIND], "texts": [{"name": "alarm_code"}, {"name": "gate", "text": "0815"}]}
    changed = town.staff.patch(url, {"cleared": wish}, version)
    assert changed.status_code == 200, changed.text
    assert changed.json()["cleared"]["names"] == ["alarm_code", "gate"]
    assert changed.headers["ETag"] != version
    assert town.staff.patch(url, {"cleared": None}, version).status_code == 412
    assert texts_of(admin.get(f"{url}/cleared")) == {"alarm_code": CANARY, "gate": "0815"}
    assert [each.state for each in town.world.offers(UUID(job["id"]))] == [each.state for each in offers]

    unknown = {"kinds": [KIND], "texts": [{"name": "back_door"}]}
    gone = town.staff.patch(url, {"cleared": unknown}, changed.headers["ETag"])
    assert (gone.status_code, gone.json()["errors"][0]["path"]) == (422, "/cleared/texts/0/text")
    taken_away = town.staff.patch(url, {"cleared": None}, changed.headers["ETag"])
    assert taken_away.json()["cleared"] is None
    assert texts_of(admin.get(f"{url}/cleared")) == {}
    events = [each for each in town.staff.get(f"{url}/events").json()["items"] if each["kind"] == "described"]
    assert [each["data"] for each in reversed(events)] == [
        {"fields": ["cleared"], "cleared": ["alarm_code", "gate"]},
        {"fields": ["cleared"], "cleared": []},
    ]


def test_copies_templates_and_series_take_the_texts_along_and_each_job_has_its_own(town, admin, nowhere):
    body = town.job_body()
    work = {name: body[name] for name in ("title", "job_type", "duration_min", "slots")} | {"cleared": CLEARED}
    stored = town.staff.post("/v1/templates", {"name": "Vault", "job": work})
    assert stored.status_code == 201, stored.text
    assert stored.json()["job"]["cleared"]["texts"] == [
        {"name": "alarm_code", "text": None},
        {"name": "back_door", "text": None},
    ]
    template = stored.json()["id"]
    own = {name: body[name] for name in ("number", "site_id", "window")}
    posted = town.staff.post(f"/v1/templates/{template}/jobs", own)
    assert posted.status_code == 201, posted.text
    again = {"number": "COPY-1", "window": body["window"]}
    copied = town.staff.post(f"/v1/jobs/{posted.json()['id']}/copy", again)
    assert copied.status_code == 201, copied.text
    for job in (posted, copied):
        assert texts_of(admin.get(f"/v1/jobs/{job.json()['id']}/cleared")) == {"alarm_code": CANARY, "back_door": OTHER}

    # The template changes one text; jobs keep theirs, and the series makes its job with the new one.
    changed = {
        **work,
        "cleared": {"kinds": [KIND], "texts": [{"name": "alarm_code", "text": "new"}, {"name": "back_door"}]},
    }
    etag = town.staff.get(f"/v1/templates/{template}").headers["ETag"]
    assert town.staff.patch(f"/v1/templates/{template}", {"job": changed}, etag).status_code == 200
    series = series_of(town, template)
    assert series.status_code == 201, series.text
    with town.world.as_engine() as (session, now):
        make_due(session, now, parse_ring(DATA_KEYS))
        made = session.scalars(select(JobRow.id).where(JobRow.series_id == UUID(series.json()["id"]))).first()
    assert texts_of(admin.get(f"/v1/jobs/{made}/cleared")) == {"alarm_code": "new", "back_door": OTHER}
    assert texts_of(admin.get(f"/v1/jobs/{copied.json()['id']}/cleared"))["alarm_code"] == CANARY
    refused = series_of(town, template, job={"cleared": CLEARED})
    assert refused.json()["errors"][0]["path"] == "/job/cleared"
    nowhere()


@pytest.mark.parametrize(
    ("cleared", "path"),
    [
        ({"kinds": [], "texts": CLEARED["texts"]}, "/cleared/kinds"),
        ({"kinds": ["no_such_kind"], "texts": CLEARED["texts"]}, "/cleared/kinds"),
        ({"kinds": [KIND], "texts": []}, "/cleared/texts"),
        ({"kinds": [KIND], "texts": [{"name": "alarm_code"}]}, "/cleared/texts/0/text"),
        ({"kinds": [KIND], "texts": [{"name": "Alarm code", "text": CANARY}]}, "/cleared/texts/0/name"),
        ({"kinds": [KIND], "texts": [{"name": "a", "text": ""}]}, "/cleared/texts/0/text"),
        ({"kinds": [KIND], "texts": [{"name": "a", "text": CANARY + "\x00"}]}, "/cleared/texts/0/text"),
        ({"kinds": [KIND], "texts": [{"name": "a", "text": CANARY * 300}]}, "/cleared/texts/0/text"),
        ({"kinds": [KIND], "texts": [{"name": "a", "txt": CANARY}]}, "/cleared/texts/0/txt"),
        ({"kinds": [KIND], "texts": CLEARED["texts"] * 2}, "/cleared"),
    ],
)
def test_bad_texts_are_refused_by_name_and_neither_repeated_nor_kept(town, admin_url, cleared, path):
    """By posting, and as the change of a template's job, whose refusal is kept with the request."""
    work = {
        name: each for name, each in town.job_body().items() if name not in ("number", "site_id", "window", "policy")
    }
    template = town.staff.post("/v1/templates", {"name": "Plain", "job": work}).json()["id"]
    body = town.job_body(cleared=cleared)
    own = {name: body[name] for name in ("number", "site_id", "window")} | {"changes": {"cleared": cleared}}
    for answer, prefix in (
        (town.staff.post("/v1/jobs", body), ""),
        (town.staff.post(f"/v1/templates/{template}/jobs", own), "/changes"),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] in (prefix + path, path)
        assert CANARY not in answer.text
    assert CANARY not in dumped(admin_url)


def test_a_repeated_posting_is_answered_the_same_and_its_record_gives_nothing_away(town, nowhere):
    body = town.job_body(cleared=CLEARED)
    first, again = (town.staff.post("/v1/jobs", body, key="same") for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    guess = {**body, "cleared": {**CLEARED, "texts": [{"name": "alarm_code", "text": "another"}]}}
    assert town.staff.post("/v1/jobs", guess, key="same").json()["code"] == "idempotency_key_reused"
    nowhere()


def test_bytes_that_somebody_moved_to_another_job_are_not_read_there(town, admin):
    one, other = (town.posted(cleared=CLEARED)["id"] for _ in range(2))
    with town.world.as_engine() as (session, _):
        texts = session.scalars(select(ClearedTextRow).where(ClearedTextRow.name == "alarm_code")).all()
        sealed = {str(each.job_id): each.sealed for each in texts}
        moved = update(ClearedTextRow).where(ClearedTextRow.job_id == UUID(other), ClearedTextRow.name == "alarm_code")
        session.execute(moved.values(sealed=sealed[one]))
    answer = admin.get(f"/v1/jobs/{other}/cleared")
    assert (answer.status_code, answer.json()["code"]) == (500, "damaged")
    assert texts_of(admin.get(f"/v1/jobs/{one}/cleared"))["alarm_code"] == CANARY


def test_without_the_key_nothing_is_posted_or_read_and_no_reading_is_told(town, admin):
    job = town.posted(cleared=CLEARED)
    town.app.state.parts.ring = KeyRing([DataKey("town-2", new_secret())])
    answer = admin.get(f"/v1/jobs/{job['id']}/cleared")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        503,
        "missing_service",
        "the data key town-1",
    )
    assert admin.get("/v1/cleared-readings").json()["items"] == []
    town.app.state.parts.ring = KeyRing()
    refused = town.staff.post("/v1/jobs", town.job_body(cleared=CLEARED))
    assert refused.status_code == 503
    assert town.staff.post("/v1/jobs", town.job_body()).status_code == 201


def test_a_revocation_in_the_same_second_comes_before_or_after_and_never_between(story, town):
    given = story.assigned(cleared=CLEARED)
    credential = clears(town, given.technician_id)
    url = f"{given.job_url}/cleared"

    def revoking() -> str:
        with town.world.as_engine() as (session, now):
            session.execute(
                update(CredentialRow).where(CredentialRow.id == credential).values(state="revoked", revoked_at=now)
            )
        return "revoked"

    answers = race([lambda: given.technician.get(url).status_code for _ in range(6)] + [revoking])
    assert set(answers) <= {200, 403, "revoked"}
    assert given.technician.get(url).status_code == 403
    with town.world.as_engine() as (session, _):
        read = session.scalar(select(func.count()).where(EventRow.kind == "cleared_read"))
    assert read == answers.count(200)


def test_a_reading_waits_for_a_revocation_under_way_and_without_it_would_not(story, town, admin_url, monkeypatch):
    given = story.assigned(cleared=CLEARED)
    watching = create_engine(admin_url, poolclass=NullPool)
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def waiting() -> bool:
        with watching.connect() as connection:
            return bool(connection.scalar(waits))

    def reads_while_one_revokes() -> int:
        credential = clears(town, given.technician_id)
        with ThreadPoolExecutor(1) as pool:
            with town.world.as_engine() as (session, now):
                gone = update(CredentialRow).where(CredentialRow.id == credential)
                session.execute(gone.values(state="revoked", revoked_at=now))
                reading = pool.submit(lambda: given.technician.get(f"{given.job_url}/cleared").status_code)
                until(lambda: reading.done() or waiting(), "it was read, or waits")
            return reading.result(10)

    assert reads_while_one_revokes() == 403

    def unlocked(session: Any, technician: UUID, *, now: datetime) -> Any:
        return read_technicians(session, [technician], now=now)[0]

    monkeypatch.setattr(disclosing, "lock_technician", unlocked)
    assert reads_while_one_revokes() == 200
