"""Who asks, and may they?"""

import time

import pytest
from sqlalchemy import update

from dispatch.record.tables import ApiKeyRow


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer tr_nobody", "Basic dTpw", "tr_nobody", "Bearer " + "x" * 5000]
)
def test_no_key_and_a_wrong_one_get_the_same_answer(calm_town, header):
    headers = {} if header is None else {"Authorization": header}
    answer = calm_town.http.get("/v1/jobs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.content == calm_town.http.get("/v1/jobs").content


def test_a_key_that_ran_out_is_none(town):
    key_id, secret = town.make_key("operator")
    with town.world.as_engine() as (session, now):
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(expires_at=now))
    answer = town.http.get("/v1/jobs", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


def test_a_revoked_key_dies_within_two_seconds(town, monkeypatch):
    key_id, secret = town.make_key("operator")
    headers = {"Authorization": f"Bearer {secret}"}
    assert town.http.get("/v1/jobs", headers=headers).status_code == 200
    with town.world.as_engine() as (session, now):
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(revoked_at=now))
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 2.0)
    assert town.http.get("/v1/jobs", headers=headers).status_code == 401


ROLES = {
    "operator": {"GET /v1/jobs", "GET /v1/queue", "GET /v1/assignments", "GET /v1/visits"},
    "client_admin": {"GET /v1/jobs", "GET /v1/queue", "GET /v1/assignments", "GET /v1/visits", "POST /v1/bundles"},
    "requester": {"GET /v1/jobs", "GET /v1/queue", "GET /v1/assignments", "GET /v1/visits", "POST /v1/bundles"},
    "dispatcher": {"GET /v1/jobs", "GET /v1/queue", "GET /v1/assignments", "GET /v1/visits", "POST /v1/bundles"},
    "technician": {"GET /v1/offers", "GET /v1/open-jobs", "GET /v1/assignments", "GET /v1/visits"},
    "gateway": {"GET /v1/offers", "GET /v1/open-jobs", "GET /v1/assignments", "GET /v1/visits"},
}
ASKED = sorted(set().union(*ROLES.values()))


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_is_for_and_nothing_else(calm_town, role, asked):
    owner = {"technician": {"technician_id": calm_town.world.technicians[0]}, "operator": {}, "gateway": {}}
    caller = calm_town.key(role, **owner.get(role, {"client_id": calm_town.world.client}))
    method, url = asked.split()
    query = f"?technician_id={calm_town.world.technicians[0]}" if url == "/v1/open-jobs" else ""
    body = {"json": {"name": f"{role}'s bundle"}} if method == "POST" else {}
    answer = caller.call(method, url + query, headers={"Idempotency-Key": f"{role} {asked}".replace(" ", "-")}, **body)
    assert answer.status_code in ((200, 201) if asked in ROLES[role] else (403,)), answer.text
