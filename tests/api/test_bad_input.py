"""What nobody should send is refused with the field's path, the value and the way out, and nothing is written."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from dispatch.record.tables import JobRow


class Gone:
    def __repr__(self) -> str:
        return "gone"


GONE = Gone()


def _changed(body, path, value):
    *parents, last = path
    found = body
    for part in parents:
        found = found[part]
    if value is GONE:
        del found[last]
    else:
        found[last] = value(found[last]) if callable(value) else value
    return body


PAY = ("slots", 0, "pay")
NEEDS = ("slots", 0, "needs")
BAD = [
    (("window", "start_at"), lambda start: start[:19], "/window/start_at"),
    (("window", "start_at"), "9999-03-01T09:00:00Z", "/window/start_at"),
    (("window", "start_at"), "1999-12-31T23:59:59Z", "/window/start_at"),
    (("window", "start_at"), "2027-02-30T09:00:00Z", "/window/start_at"),
    (("window", "start_at"), lambda start: start[:10], "/window/start_at"),
    (("window", "start_at"), lambda start: int(datetime.fromisoformat(start).timestamp()), "/window/start_at"),
    (("window", "start_at"), "infinity", "/window/start_at"),
    (("window", "end_at"), "2020-03-01T09:00:00Z", "/window"),
    (("duration_min",), True, "/duration_min"),
    (("duration_min",), "120", "/duration_min"),
    (("duration_min",), 120.5, "/duration_min"),
    (("duration_min",), 0, "/duration_min"),
    (("duration_min",), 10_000, "/"),
    ((*PAY, "amount"), "NaN", "/slots/0/pay/amount"),
    ((*PAY, "amount"), "-1", "/slots/0/pay/amount"),
    ((*PAY, "amount"), -1, "/slots/0/pay/amount"),
    ((*PAY, "amount"), "1.005", "/slots/0/pay/amount"),
    ((*PAY, "amount"), 1.005, "/slots/0/pay/amount"),
    ((*PAY, "amount"), True, "/slots/0/pay/amount"),
    ((*PAY, "amount"), "1e3", "/slots/0/pay/amount"),
    ((*PAY, "amount"), "١٢", "/slots/0/pay/amount"),
    ((*PAY, "amount"), "9999999999.00", "/slots/0/pay/amount"),
    (PAY, {"amount": "100.50", "currency": "JPY"}, "/slots/0/pay"),
    (PAY, {"amount": "100", "currency": "usd"}, "/slots/0/pay/currency"),
    ((*NEEDS, "skills"), {"hvac": 6}, "/slots/0/needs"),
    ((*NEEDS, "skills"), {"hvac": True}, "/slots/0/needs/skills/hvac"),
    ((*NEEDS, "skills"), {"juggling": 1}, "/slots/0/needs/skills"),
    ((*NEEDS, "credentials"), ["juggling"], "/slots/0/needs/credentials"),
    ((*NEEDS, "pools"), [str(uuid4())], "/slots/0/needs/pools"),
    ((*NEEDS, "market"), False, "/slots/0/needs/pools"),
    (("site_id",), str(uuid4()), "/site_id"),
    (("site_id",), "1147", "/site_id"),
    (("bundle_id",), str(uuid4()), "/bundle_id"),
    (("title",), "a\u202eb", "/title"),
    (("title",), "a\x07b", "/title"),
    (("title",), "", "/title"),
    (("title",), "x" * 201, "/title"),
    (("title",), 7, "/title"),
    (("title",), GONE, "/title"),
    (("description",), "x" * 10_001, "/description"),
    (("priority",), 0, "/priority"),
    (("mode",), "best", "/mode"),
    (("policy",), {"reach_km": -5}, "/policy"),
    (("policy",), {"no_such": 1}, "/policy"),
    (("policy",), {"wave": 7}, "/policy"),
    (("policy",), {"reach_km": "far"}, "/policy"),
    (("slots",), [], "/slots"),
    (("slots",), GONE, "/slots"),
    (("titel",), "x", "/titel"),
]


@pytest.mark.parametrize(("path", "value", "pointer"), BAD, ids=[f"{at}-{each[0][-1]}" for at, each in enumerate(BAD)])
def test_a_bad_value_is_named_with_its_way_out(calm_town, path, value, pointer):
    answer = calm_town.staff.post("/v1/jobs", _changed(calm_town.job_body(), path, value))
    assert answer.status_code == 422, answer.text
    first = answer.json()["errors"][0]
    assert first["path"] == pointer
    assert first["way_out"]
    assert {"value", "message"} <= first.keys()
    with calm_town.world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(JobRow)) == 0


def test_a_window_that_has_passed_is_refused(calm_town):
    start = calm_town.world.start - timedelta(days=10)
    window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    answer = calm_town.staff.post("/v1/jobs", calm_town.job_body(window=window))
    assert answer.json()["errors"][0]["path"] == "/window/end_at"


def test_an_offset_of_five_hours_and_three_quarters_is_kept_as_the_same_moment(town):
    start = town.world.start
    nepal = start + timedelta(hours=5, minutes=45)
    window = {"start_at": nepal.strftime("%Y-%m-%dT%H:%M:%S+05:45"), "end_at": (start + timedelta(hours=4)).isoformat()}
    job = town.posted(window=window)
    assert job["visits"][0]["window"]["start_at"] == start.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/v1/jobs?limit=0", "?limit"),
        ("/v1/jobs?limit=201", "?limit"),
        ("/v1/jobs?limit=many", "?limit"),
        ("/v1/jobs?state=lost", "?state"),
        ("/v1/jobs?cursor=AAAA", "?cursor"),
        ("/v1/jobs?site_id=1", "?site_id"),
        ("/v1/jobs/1147", "job_id"),
    ],
)
def test_a_bad_query_is_named_too(calm_town, url, path):
    answer = calm_town.staff.get(url)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == path


def test_another_currency_in_a_counter_is_refused(town):
    _, offers = town.offered()
    technician = town.by_id(offers[0].technician_id)
    wish = {"pay": {"amount": "100", "currency": "EUR"}, "reason": "more"}
    answer = technician.post(f"/v1/offers/{offers[0].id}/counter", wish)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/pay/currency"


@pytest.mark.parametrize("hours", [-1, 5])
def test_a_start_outside_the_window_is_refused(town, hours):
    _, offers = town.offered()
    start = town.world.start + timedelta(hours=hours)
    answer = town.by_id(offers[0].technician_id).post(
        f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1, "start_at": start.isoformat()}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/start_at"


def test_only_a_company_names_another_worker(town):
    _, offers = town.offered()
    body = {"terms_version": 1, "worker_id": str(offers[1].technician_id)}
    answer = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/worker_id"


def test_a_job_of_a_bundle_is_not_accepted_alone(town):
    bundle = town.staff.post("/v1/bundles", {"name": "pair"}).json()
    jobs = [town.posted(bundle_id=bundle["id"]) for _ in range(2)]
    town.world.send_waves()
    offers = [each for each in town.world.offers() if each.technician_id == town.world.technicians[0]]
    assert {str(each.job_id) for each in offers} == {each["id"] for each in jobs}
    answer = town.technician().post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert answer.status_code == 422
    part = {"offers": [{"offer_id": str(offers[0].id), "terms_version": 1}]}
    assert town.technician().post(f"/v1/bundles/{bundle['id']}/accept", part).status_code == 422
    assert UUID(bundle["id"])
