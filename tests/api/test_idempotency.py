"""Was this asked before? The same key and body: one effect, one answer; whatever happens in between."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import func, select, text

from dispatch.courier import courier_of
from dispatch.record.tables import IdempotencyKeyRow, JobRow
from dispatch.settings import without_driver


def _num(town, table):
    with town.world.as_engine() as (session, _):
        return session.scalar(select(func.count()).select_from(table))


def test_the_same_request_again_has_one_effect_and_the_same_answer(town):
    body = town.job_body()
    first = town.staff.post("/v1/jobs", body, key="once")
    again = town.staff.post("/v1/jobs", body, key="once")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert _num(town, JobRow) == 1


def test_an_accepted_offer_is_told_the_same_winner_twice(town):
    _, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    answers = [
        technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}, key="yes").json() for _ in range(2)
    ]
    assert answers[0]["outcome"] == "assigned"
    assert answers[0] == answers[1]
    assert technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()["code"] == "already_yours"


@pytest.mark.parametrize("key", [None, "", " ", "a" * 201, "ünlaut".encode("latin-1"), "a\tb"])
def test_a_post_without_a_usable_key_is_refused(calm_town, key):
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = calm_town.staff.call("POST", "/v1/jobs", json=calm_town.job_body(), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"


def test_a_key_for_another_request_is_refused(town):
    town.staff.post("/v1/jobs", town.job_body(), key="k")
    other_body = town.staff.post("/v1/jobs", town.job_body(), key="k")
    other_address = town.staff.post("/v1/bundles", {"name": "x"}, key="k")
    assert [other_body.status_code, other_address.status_code] == [422, 422]
    assert other_body.json()["code"] == "idempotency_key_reused"
    assert _num(town, JobRow) == 1


def test_an_answer_is_forgotten_in_time_and_a_younger_one_is_still_given_again(town):
    for key in ("old", "young"):
        assert town.staff.post("/v1/jobs", town.job_body(number=key), key=key).status_code == 201
    age = "UPDATE idempotency_keys SET created_at = created_at - make_interval(days => 7, mins => :m) WHERE key = :key"
    with town.world.as_engine() as (session, _):
        for key, minutes in (("old", 1), ("young", -1)):
            session.execute(text(age), {"key": key, "m": minutes})
    settings = town.settings.model_copy(update={"replies_kept_days": 7})
    for upkeep in courier_of(town.settings.database_url, town.world.engine, settings).upkeep:
        with town.world.as_engine() as (session, now):
            upkeep(session, now)
    again = {key: town.staff.post("/v1/jobs", town.job_body(number=key), key=key) for key in ("old", "young")}
    assert again["young"].headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in again["old"].headers
    assert _num(town, JobRow) == 2, "the number is the client's own: no second job"


def test_two_callers_may_use_the_same_key(town):
    body = {"name": "both"}
    assert town.staff.post("/v1/bundles", body, key="k").status_code == 201
    assert town.stranger.post("/v1/bundles", body, key="k").status_code == 201


def test_a_refusal_is_answered_again_and_leaves_nothing(town):
    body = town.job_body(site_id=str(town.globex_site))
    first = town.staff.post("/v1/jobs", body, key="bad")
    again = town.staff.post("/v1/jobs", body, key="bad")
    assert first.status_code == again.status_code == 422
    assert first.content == again.content
    assert again.headers["content-type"] == "application/problem+json"
    assert _num(town, JobRow) == 0
    assert _num(town, IdempotencyKeyRow) == 1


def test_while_the_first_is_being_worked_on_the_second_hears_so(town, admin_url):
    _, offers = town.offered()
    technician, url = town.by_id(offers[0].technician_id), f"/v1/offers/{offers[0].id}/accept"
    with town.world.as_engine() as (session, _), ThreadPoolExecutor(1) as pool:
        session.execute(text("SELECT 1 FROM slots FOR UPDATE"))
        first = pool.submit(technician.post, url, {"terms_version": 1}, key="slow")
        _wait_for_a_waiter(admin_url)
        second = technician.post(url, {"terms_version": 1}, key="slow")
        session.commit()
        assert first.result().json()["outcome"] == "assigned"
    assert second.status_code == 409
    assert second.json()["code"] == "in_flight"
    assert second.headers["Retry-After"] == "1"
    assert technician.post(url, {"terms_version": 1}, key="slow").json()["outcome"] == "assigned"


def test_eight_at_once_with_one_key_post_one_job(town):
    body, gate = town.job_body(), threading.Barrier(8)

    def post(_):
        gate.wait(10)
        return town.staff.post("/v1/jobs", body, key="crowd").status_code

    town.staff.get("/v1/jobs")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(post, range(8)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert _num(town, JobRow) == 1


def test_a_killed_transaction_leaves_nothing_and_the_same_key_works_again(town, admin_url):
    _, offers = town.offered()
    technician, url = town.by_id(offers[0].technician_id), f"/v1/offers/{offers[0].id}/accept"
    town.http.asks_once = True
    with town.world.as_engine() as (session, _), ThreadPoolExecutor(1) as pool:
        session.execute(text("SELECT 1 FROM slots FOR UPDATE"))
        first = pool.submit(technician.post, url, {"terms_version": 1}, key="killed")
        _wait_for_a_waiter(admin_url)
        _terminate_waiters(admin_url)
        killed = first.result()
    assert killed.status_code == 503
    assert killed.json()["outcome_unknown"] is False
    assert killed.headers["Retry-After"] == "1"
    again = technician.post(url, {"terms_version": 1}, key="killed")
    assert again.json()["outcome"] == "assigned"
    assert "Idempotent-Replayed" not in again.headers


def test_a_commit_whose_answer_is_lost_is_told_as_unknown_and_the_same_key_learns_it(town, admin_url):
    body = town.job_body()
    with _administrator(admin_url) as cursor:
        cursor.execute(SLOW_COMMIT)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(town.staff.post, "/v1/jobs", body, key="lost")
            _wait_for(admin_url, COMMITTING)
            cursor.execute(f"SELECT pg_terminate_backend(pid) {COMMITTING}")
            lost = first.result()
        cursor.execute("DROP TRIGGER slow_commit ON idempotency_keys")
    assert lost.status_code == 503
    assert lost.json()["outcome_unknown"] is True
    assert town.staff.post("/v1/jobs", body, key="lost").status_code == 201
    assert _num(town, JobRow) == 1


def test_a_fault_is_not_stored(town):
    body = town.job_body()
    town.http.asks_once = True
    with town.world.as_engine() as (session, _):
        session.execute(text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
        refused = town.staff.post("/v1/jobs", body, key="locked")
        session.commit()
    assert refused.status_code == 503
    assert refused.json()["code"] == "locked"
    assert town.staff.post("/v1/jobs", body, key="locked").status_code == 201


WAITERS = (
    "FROM pg_stat_activity WHERE application_name = 'truckroll api'"
    " AND wait_event_type = 'Lock' AND datname = current_database()"
)


COMMITTING = WAITERS.replace("= 'Lock'", "= 'Timeout'")
SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION slow_commit()
"""


@contextmanager
def _administrator(admin_url):
    connection = psycopg2.connect(without_driver(admin_url))
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        yield cursor


def _wait_for_a_waiter(admin_url):
    _wait_for(admin_url, WAITERS)


def _wait_for(admin_url, them):
    with _administrator(admin_url) as cursor:
        num = 0
        while not num:
            cursor.execute("SELECT pg_sleep(0.02)")
            cursor.execute(f"SELECT count(*) {them}")
            (num,) = cursor.fetchone()


def _terminate_waiters(admin_url):
    with _administrator(admin_url) as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {WAITERS}")


def _named(town, key):
    with town.world.as_engine() as (session, _):
        return session.scalars(select(IdempotencyKeyRow).where(IdempotencyKeyRow.key == key)).one().named


def test_an_answer_is_kept_with_all_that_it_names_and_that_its_address_does(town):
    """By that an erasure finds it."""
    who = town.world.technicians[0]
    moved = town.key("operator").post(f"/v1/technicians/{str(who).upper()}/pause", key="by-its-address")
    assert moved.status_code == 200, moved.text
    assert _named(town, "by-its-address") == [who]
    made = town.staff.post("/v1/jobs", town.job_body(), key="by-what-it-says")
    said = made.json()
    slots = [slot["id"] for visit in said["visits"] for slot in visit["slots"]]
    named = _named(town, "by-what-it-says")
    assert {UUID(each) for each in (said["id"], *slots)} < set(named)
    assert named == sorted(set(named))


#: Answers with somebody's name, address or telephone and no id: of a site's contact, whom the client enters; one's own.
_WITHOUT_ID = {"ContactOut", "PreferencesOut"}
#: Of no person; and what stands inside of an answer that has the id.
_OF_NOBODY = {"CredentialKindOut", "FactOut", "SkillOut", "TechnicianPrivate"}


def test_whatever_a_kept_answer_calls_somebody_there_is_an_id_beside_it(calm_town):
    spec = calm_town.app.openapi()
    schemas = spec["components"]["schemas"]

    def within(part, found):
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(part)):
            if name not in found:
                found.add(name)
                within(schemas[name], found)
        return found

    kept = set()
    for each in spec["paths"].values():
        if "Idempotency-Key" in json.dumps(each.get("post", {}).get("parameters", [])):
            within([answer for status, answer in each["post"]["responses"].items() if status < "3"], kept)
    assert len(kept) > 80, "they are all looked at"
    called = {name for name in kept if {"name", "email", "phone"} & schemas[name].get("properties", {}).keys()}
    without = {name for name in called if '"uuid"' not in json.dumps(schemas[name]["properties"])}
    assert without == _WITHOUT_ID | _OF_NOBODY
