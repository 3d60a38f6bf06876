"""Bad input to alarms, promises and shifts of duty: named, with the way out."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from api.app import ROUTERS
from dispatch.record.session import ENGINE
from dispatch.record.tables import StaffRow, new_id
from dispatch.visits.alarms import raise_alarm
from matching.trouble import TROUBLE

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def alarm(calm_town):
    """An alarm about a job of Acme's."""
    job = calm_town.posted()
    with calm_town.world.as_engine() as (session, now):
        about = {"client_id": calm_town.world.client, "job_id": UUID(job["id"]), "due_at": now, "now": now}
        return str(raise_alarm(session, ENGINE, "incident", **about))


def at(hours: float) -> str:
    return (datetime.now(UTC) + hours * HOUR).isoformat()


def shift(**changes):
    body = {
        "from_at": at(24),
        "to_at": at(36),
        "time_zone": "America/Chicago",
        "contact": {"name": "Desk", "phone": "+14325550199"},
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def problem(answer, status=422):
    assert answer.status_code == status, answer.text
    return answer.json()["errors"][0]["path"] if status == 422 else answer.json()["code"]


def test_every_act_of_every_kind_is_a_route():
    routes = {route.name for router in ROUTERS for route in router.routes}
    assert {act for trouble in TROUBLE.values() for act in trouble.acts} <= routes


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"until_at": "SOON", "why": "known"}, "/until_at"),
        ({"until_at": at(-1), "why": "known"}, "/until_at"),
        ({"until_at": at(24 * 7 + 1), "why": "known"}, "/until_at"),
        ({"until_at": at(1), "why": "tired"}, "/why"),
        ({"why": "known"}, "/until_at"),
    ],
)
def test_an_alarm_is_put_off_with_a_reason_and_for_a_week_at_most(calm_town, alarm, body, path):
    assert problem(calm_town.staff.post(f"/v1/alarms/{alarm}/snooze", body)) == path


def test_only_who_dispatches_answers_alarms_and_another_client_finds_none(calm_town, alarm):
    requester = calm_town.key("requester", client_id=calm_town.world.client)
    for verb, body in (
        ("acknowledge", None),
        ("clear", {}),
        ("snooze", {"until_at": at(1), "why": "known"}),
        ("put-back", None),
    ):
        url = f"/v1/alarms/{alarm}/{verb}"
        assert requester.post(url, body).status_code == 403
        assert calm_town.technician().post(url, body).status_code == 403
        assert calm_town.stranger.post(url, body).status_code == 404
    assert alarm not in calm_town.stranger.get("/v1/trouble").text
    assert alarm not in calm_town.stranger.get("/v1/alarms").text
    assert calm_town.technician().get("/v1/trouble").status_code == 403


def test_the_same_person_takes_an_alarm_on_once(calm_town, alarm):
    url = f"/v1/alarms/{alarm}/acknowledge"
    assert calm_town.staff.post(url).status_code == 200
    again = calm_town.staff.post(url)
    assert (again.status_code, again.json()["state"]) == (409, "acknowledged")
    assert again.json()["moves"] == ["snooze", "clear", "put_back"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("kind=nonsense", "/kind"),
        ("cursor=abc", "/cursor"),
        ("cursor=AAAA", "/cursor"),
        ("limit=0", "/limit"),
        ("site_id=1", "/site_id"),
        ("mine=perhaps", "/mine"),
    ],
)
def test_a_bad_question_to_the_list_is_named(calm_town, query, path):
    assert problem(calm_town.staff.get(f"/v1/trouble?{query}")).endswith(path.removeprefix("/"))


def test_the_operator_sees_all_clients_and_may_ask_for_one(calm_town, alarm):
    operator = calm_town.key("operator")
    ids = {each["id"] for each in operator.get("/v1/trouble").json()["items"]}
    assert alarm in ids
    assert operator.get(f"/v1/trouble?client_id={calm_town.globex}").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"contact": None}, "/"),
        ({"staff_id": str(new_id())}, "/"),
        ({"contact": None, "staff_id": str(new_id())}, "/staff_id"),
        ({"contact": {"name": "Desk"}}, "/contact"),
        ({"contact": {"name": "Desk", "phone": "call me"}}, "/contact/phone"),
        ({"contact": {"name": "Desk", "email": "desk"}}, "/contact/email"),
        ({"level": 10}, "/level"),
        ({"weeks": 0}, "/weeks"),
        ({"time_zone": "Texas"}, "/time_zone"),
        ({"to_at": at(24 * 33)}, "/to_at"),
        ({"to_at": at(23)}, "/to_at"),
        ({"from_at": at(-24 * 32), "to_at": at(-24 * 31.5)}, "/from_at"),
        ({"from_at": at(24)[:19]}, "/from_at"),
    ],
)
def test_a_shift_that_cannot_be_is_named(calm_town, changes, path):
    assert problem(calm_town.staff.post("/v1/duty/shifts", shift(**changes))) == path


def test_two_never_have_the_same_duty_and_a_dropped_shift_leaves_a_gap(town):
    staff = town.staff
    first = staff.post("/v1/duty/shifts", shift(from_at=at(-1), to_at=at(11)))
    assert first.status_code == 201, first.text
    twice = staff.post("/v1/duty/shifts", shift(from_at=at(10), to_at=at(20)))
    assert problem(twice) == "/from_at"
    assert staff.post("/v1/duty/shifts", shift(from_at=at(10), to_at=at(20), level=2)).status_code == 201
    assert town.stranger.get("/v1/duty").json()["on_duty"] == []
    read = staff.get("/v1/duty?days=1").json()
    assert [(each["level"], each["name"], each["phone"]) for each in read["on_duty"]] == [(1, "Desk", "+14325550199")]
    assert [gap["level"] for gap in read["gaps"]] == [1, 2, 2]
    (shift_id,) = first.json()["items"]
    assert town.stranger.call("DELETE", f"/v1/duty/shifts/{shift_id}").status_code == 404
    assert staff.call("DELETE", f"/v1/duty/shifts/{shift_id}").status_code == 204
    assert staff.call("DELETE", f"/v1/duty/shifts/{shift_id}").status_code == 404
    assert staff.get("/v1/duty").json()["on_duty"] == []


def test_a_shift_of_somebody_of_another_client_is_refused(town):
    with town.world.as_engine() as (session, now):
        theirs = new_id()
        row = {
            "id": theirs,
            "client_id": town.globex,
            "role": "dispatcher",
            "name": "Gus",
            "email": "gus@globex.example",
        }
        session.execute(insert(StaffRow).values(created_at=now, **row))
    assert problem(town.staff.post("/v1/duty/shifts", shift(contact=None, staff_id=str(theirs)))) == "/staff_id"
    ladder = {"escalation": {"steps": [{"after_min": 5, "whom": f"staff:{theirs}"}]}}
    assert problem(town.staff.post("/v1/jobs", town.job_body(day_policy=ladder))) == "/day_policy/escalation/steps"


def test_nothing_is_promised_at_a_site_that_hardly_opens(town):
    url = f"/v1/sites/{town.world.site}"
    seldom = {"weekly": {"sun": ["10:00-10:01"]}}
    opened = town.staff.patch(url, {"opening_hours": seldom}, town.staff.get(url).headers["ETag"])
    assert opened.status_code == 200, opened.text
    never = town.staff.patch(url, {"opening_hours": {"weekly": {}}}, opened.headers["ETag"])
    assert problem(never) == "/opening_hours/weekly"
    level = {"sla": {"priorities": {"3": {"fix_min": 1000}}}}
    refused = town.staff.post("/v1/jobs", town.job_body(day_policy=level))
    assert problem(refused) == "/site_id"
    assert "give it longer opening hours, or promise less" in refused.text


def test_what_was_not_promised_is_neither_paused_nor_resumed(town):
    job = town.posted()
    for verb, body in (("pause", {"why": "access"}), ("resume", None)):
        refused = town.staff.post(f"/v1/jobs/{job['id']}/sla/{verb}", body)
        assert (refused.status_code, refused.json()["state"]) == (409, "nothing was promised for this job")
        assert town.stranger.post(f"/v1/jobs/{job['id']}/sla/{verb}", body).status_code == 404
    assert problem(town.staff.post(f"/v1/jobs/{job['id']}/sla/pause", {"why": "lunch"})) == "/why"
    assert town.stranger.get(f"/v1/jobs/{job['id']}/risks").status_code == 404
