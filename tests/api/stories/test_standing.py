"""Standing work and work together: each story as people live it, over the real HTTP API."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from worlds import ZONE

from dispatch.record.tables import AlarmRow, EventRow

TWO = [
    {"role": "technician", "count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}},
]
WITH_OBSERVER = [
    {"role": "technician", "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}},
    {"role": "trainee", "is_observer": True, "pay": {"amount": "0"}},
]


def _takes(town, offer, **more):
    answer = town.by_id(offer.technician_id).post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _crew_of_two(town):
    """A job that two took: the caller who leads, their colleague, both ids, the visit."""
    job, offers = town.offered(slots=TWO)
    first, second = offers[:2]
    visit = _takes(town, first)["visit_id"]
    _takes(town, second)
    people = (town.by_id(first.technician_id), town.by_id(second.technician_id))
    return job, people, (str(first.technician_id), str(second.technician_id)), f"/v1/visits/{visit}"


def _leads(town, visit):
    return [each["technician_id"] for each in town.staff.get(f"{visit}/crew").json()["items"] if each["is_lead"]]


def test_the_lead_of_two_goes_home_and_lets_the_other_lead(town):
    _, (first, second), (first_id, second_id), visit = _crew_of_two(town)
    assert _leads(town, visit) == [first_id]
    assert second.post(f"{visit}/lead", {"technician_id": second_id}).status_code == 409
    handed = first.post(f"{visit}/lead", {"technician_id": second_id})
    assert handed.status_code == 200, handed.text
    assert _leads(town, visit) == [second_id]
    again = first.post(f"{visit}/lead", {"technician_id": first_id})
    assert (again.status_code, again.json()["rules"]) == (409, ["not_the_lead"])
    assert town.staff.post(f"{visit}/lead", {"technician_id": first_id}).status_code == 200
    assert _leads(town, visit) == [first_id]


def test_colleagues_know_each_other_by_name_and_nobodys_number_is_told(town):
    _, (first, _), (first_id, second_id), visit = _crew_of_two(town)
    crew = first.get(f"{visit}/crew")
    assert [each["technician_id"] for each in crew.json()["items"]] == [first_id, second_id]
    assert all(each["name"].startswith("Technician") for each in crew.json()["items"])
    assert "+1432" not in crew.text
    others = [each for each in town.world.technicians if str(each) not in (first_id, second_id)]
    assert town.by_id(others[0]).get(f"{visit}/crew").status_code == 404
    assert town.stranger.get(f"{visit}/crew").status_code == 404


def test_an_observer_goes_along_and_nothing_waits_for_them(town):
    """The job is assigned without the trainee, who says yes later, moves nothing, leaves, and is missed by nobody."""
    job, offers = town.offered(slots=WITH_OBSERVER)
    worker = next(each for each in offers if each.role == "technician")
    visit = f"/v1/visits/{_takes(town, worker)['visit_id']}"
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"
    trainee = next(each for each in offers if each.role == "trainee" and each.technician_id != worker.technician_id)
    looks_on = town.by_id(trainee.technician_id)
    assert looks_on.get(f"/v1/offers/{trainee.id}").json()["is_observer"]
    place = _takes(town, trainee)["assignment_id"]
    planned = town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["planned_start_at"]
    for wish in ("confirm", "check-in", "check-out"):
        assert looks_on.post(f"{visit}/{wish}").status_code == 404
    assert looks_on.post(f"/v1/jobs/{job['id']}/finish").status_code == 404
    assert [each["is_observer"] for each in looks_on.get(f"{visit}/crew").json()["items"]] == [False, True]
    assert looks_on.post(f"/v1/assignments/{place}/back-out", {"why": "ill"}).status_code == 200
    after = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert (after["state"], after["visits"][0]["planned_start_at"]) == ("assigned", planned)
    works = town.by_id(worker.technician_id)
    for wish in ("confirm", "leave", "check-in", "check-out"):
        assert works.post(f"{visit}/{wish}").status_code == 200
    assert works.post(f"/v1/jobs/{job['id']}/finish").json()["state"] == "done"


def test_a_dispatcher_names_an_observer_and_asks_nobody_else(town):
    job, offers = town.offered()
    visit = f"/v1/visits/{_takes(town, offers[0])['visit_id']}"
    named = town.world.technicians[5]
    asked = town.staff.post(f"{visit}/observers", {"technician_id": str(named)})
    assert asked.status_code == 201, asked.text
    assert town.world.send_waves() == 0
    offer = town.by_id(named).get("/v1/offers?state=live").json()["items"][0]
    assert (offer["is_observer"], offer["pay"]["amount"]) == (True, "0.00")
    yes = {"terms_version": offer["terms_version"]}
    assert town.by_id(named).post(f"/v1/offers/{offer['id']}/accept", yes).json()["outcome"] == "assigned"
    shown = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert [each["is_observer"] for each in shown["visits"][0]["slots"]] == [False, True]
    assert shown["state"] == "assigned"


def test_of_two_who_are_named_one_after_the_other_the_first_is_not_asked_any_more(town):
    _, offers = town.offered()
    visit = f"/v1/visits/{_takes(town, offers[0])['visit_id']}"
    first, second = town.world.technicians[5], town.world.technicians[6]
    town.staff.post(f"{visit}/observers", {"technician_id": str(first)})
    town.staff.post(f"{visit}/observers", {"technician_id": str(second)})
    assert town.by_id(first).get("/v1/offers?state=live").json()["items"] == []
    assert len(town.by_id(second).get("/v1/offers?state=live").json()["items"]) == 1
    assert len(town.staff.get(f"{visit}/crew").json()["items"]) == 2


@pytest.mark.parametrize(
    ("slots", "path"),
    [
        ([{"role": "trainee", "is_observer": True, "pay": {"amount": "0"}}], "/slots"),
        ([WITH_OBSERVER[0], WITH_OBSERVER[1] | {"is_lead": True}], "/slots/1/is_lead"),
        ([WITH_OBSERVER[0] | {"is_lead": True}, WITH_OBSERVER[0] | {"role": "b", "is_lead": True}], "/slots/1/is_lead"),
    ],
)
def test_a_crew_that_cannot_be_is_refused(town, slots, path):
    refused = town.staff.post("/v1/jobs", town.job_body(slots=slots))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == path


def test_bad_wishes_about_crews_name_the_way_out(town):
    _, (first, _), (first_id, second_id), visit = _crew_of_two(town)
    stranger = str(town.world.technicians[7])
    assert first.post(f"{visit}/lead", {"technician_id": stranger}).json()["errors"][0]["path"] == "/technician_id"
    assert first.post(f"{visit}/lead", {"technician_id": first_id}).json()["state"] == "theirs already"
    naming = f"{visit}/observers"
    assert town.staff.post(naming, {"technician_id": first_id}).json()["rules"] == ["on_visit"]
    euros = {"technician_id": stranger, "pay": {"amount": "1", "currency": "EUR"}}
    assert town.staff.post(naming, euros).json()["errors"][0]["path"] == "/pay.currency".replace(".", "/")
    assert town.stranger.post(naming, {"technician_id": stranger}).status_code == 404
    for wish in ("confirm", "check-in"):
        first.post(f"{visit}/{wish}")
    late = town.staff.post(naming, {"technician_id": stranger})
    assert (late.status_code, late.json()["state"]) == (409, "checked_in")
    first.post(f"{visit}/check-out")
    over = first.post(f"{visit}/lead", {"technician_id": second_id})
    assert (over.status_code, over.json()["state"]) == (409, "checked_out")


def test_an_observer_whom_nobody_wants_to_be_leaves_the_job_assigned_and_is_told(town):
    slots = [WITH_OBSERVER[0], WITH_OBSERVER[1] | {"needs": {"skills": {"drones": 5}}}]
    job, offers = town.offered(slots=slots)
    _takes(town, offers[0])
    town.world.send_waves()
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "assigned"
    with town.world.as_engine() as (session, _):
        assert "no_observer" in session.scalars(select(EventRow.kind)).all()


WORK = {
    "title": "Look after the rooftop unit",
    "job_type": "hvac_service",
    "duration_min": 120,
    "slots": [{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}],
    "policy": {"wave": {"min_size": 3, "max_size": 300, "answer_s": 3600}},
}


def _template(town, **changes):
    answer = town.staff.post("/v1/templates", {"name": "Rooftop service", "job": WORK | changes})
    assert answer.status_code == 201, answer.text
    return answer


def _series(town, **more):
    body = {
        "name": "Weekly service",
        "site_id": str(town.world.site),
        "job": WORK,
        "rule": "FREQ=WEEKLY;BYDAY=MO",
        "first_day": (town.world.start + timedelta(days=1)).date().isoformat(),
        "start_time": "08:00",
        "number_pattern": "PM-{date}",
        "make_ahead_days": 28,
        "on_closed_day": "keep",
    } | more
    return town.staff.post("/v1/series", body)


def _begun(town, **more):
    answer = _series(town, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _soon(town, *, hours):
    """The first day of a series and its clock, for a first visit in so many hours, at whatever hour this runs."""
    with town.world.as_engine() as (_, now):
        at = (now + timedelta(hours=hours)).astimezone(ZoneInfo(ZONE))
    return {"first_day": at.date().isoformat(), "start_time": f"{at:%H:%M}"}


def _jobs(town, series):
    found = town.staff.get(f"/v1/jobs?series_id={series['id']}&limit=200").json()["items"]
    return sorted(found, key=lambda each: each["window"]["start_at"])


def test_a_template_is_posted_from_with_a_number_and_a_time_of_its_own(town):
    template = _template(town).json()
    own = {key: value for key, value in town.job_body().items() if key in ("number", "site_id", "window")}
    posted = town.staff.post(f"/v1/templates/{template['id']}/jobs", own | {"changes": {"priority": 1}})
    assert posted.status_code == 201, posted.text
    job = posted.json()
    assert (job["title"], job["priority"], job["state"]) == (WORK["title"], 1, "open")
    assert town.world.send_waves() == 1
    again = town.staff.post(f"/v1/templates/{template['id']}/jobs", own)
    assert (again.status_code, again.json()["id"]) == (200, job["id"])


def test_a_template_holds_nothing_that_posting_would_refuse(town):
    for changes, path in (
        ({"slots": [{"needs": {"skills": {"telepathy": 1}}, "pay": {"amount": "1"}}]}, "/job/slots/0/needs/skills"),
        ({"slots": [{"pay": {"amount": "1.005"}}]}, "/job/slots/0/pay/amount"),
        ({"policy": {"reach_km": -1}}, "/job/policy"),
        ({"duration_min": 0}, "/job/duration_min"),
        ({"number": "WO-1"}, "/job/number"),
    ):
        refused = town.staff.post("/v1/templates", {"name": "x", "job": WORK | changes})
        assert refused.status_code == 422, changes
        assert refused.json()["errors"][0]["path"] == path


def test_a_template_is_changed_by_whom_has_read_it_and_archived_when_nothing_needs_it(town):
    made = _template(town)
    url = f"/v1/templates/{made.json()['id']}"
    assert town.staff.post("/v1/templates", {"name": "Rooftop service", "job": WORK}).status_code == 422
    changed = town.staff.patch(url, {"job": WORK | {"priority": 2}}, made.headers["ETag"])
    assert (changed.status_code, changed.json()["job"]["priority"]) == (200, 2)
    assert town.staff.patch(url, {"name": "Other"}, made.headers["ETag"]).status_code == 412
    series = _begun(town, template_id=made.json()["id"], job={"priority": 5})
    assert town.staff.post(f"{url}/archive").status_code == 409
    town.staff.post(f"/v1/series/{series['id']}/end")
    assert town.staff.post(f"{url}/archive").json()["archived_at"]
    own = {key: value for key, value in town.job_body().items() if key in ("number", "site_id", "window")}
    assert town.staff.post(f"{url}/jobs", own).json()["state"] == "archived"
    assert _template(town).status_code == 201
    assert [each["name"] for each in town.staff.get("/v1/templates?archived=true").json()["items"]] == [
        "Rooftop service"
    ]


def test_an_archived_template_is_taken_back_under_its_name_unless_another_has_that_by_now(town):
    made = _template(town).json()
    url = f"/v1/templates/{made['id']}"
    early = town.staff.post(f"{url}/put-back")
    assert (early.status_code, early.json()["state"], early.json()["moves"]) == (409, "kept", ["archive"])
    assert town.staff.post(f"{url}/archive").status_code == 200
    assert town.stranger.post(f"{url}/put-back").status_code == 404
    other = _template(town)
    taken = town.staff.post(f"{url}/put-back")
    assert (taken.status_code, taken.json()["moves"]) == (409, ["rename the other one"])
    renamed = town.staff.patch(f"/v1/templates/{other.json()['id']}", {"name": "Other"}, other.headers["ETag"])
    assert renamed.status_code == 200
    back = town.staff.post(f"{url}/put-back").json()
    assert (back["archived_at"], back["name"], back["job"]) == (None, made["name"], made["job"])
    own = {key: value for key, value in town.job_body().items() if key in ("number", "site_id", "window")}
    assert town.staff.post(f"{url}/jobs", own).status_code == 201
    with town.world.as_engine() as (session, _):
        told = select(EventRow.kind).where(EventRow.data["template"].as_string() == made["id"])
        kinds = session.scalars(told.where(EventRow.subject_kind == "client")).all()
    assert sorted(kinds) == ["template_archived", "template_created", "template_put_back"]


def test_wrong_changes_to_a_template_are_named_where_they_were_sent(town):
    url = f"/v1/templates/{_template(town).json()['id']}/jobs"
    own = {key: value for key, value in town.job_body().items() if key in ("number", "site_id", "window")}
    for changes, path in (
        ({"priority": 9}, "/changes/priority"),
        ({"colour": "red"}, "/changes/colour"),
        ({"duration_min": 10_000}, "/"),
        ({"slots": []}, "/changes/slots"),
    ):
        refused = town.staff.post(url, own | {"changes": changes})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)
    hijacked = town.staff.post(url, own | {"changes": {"site_id": str(town.globex_site)}})
    assert hijacked.status_code == 201
    assert hijacked.json()["place"]["site_id"] == str(town.world.site)
    assert town.stranger.post(url, own).status_code == 404


def test_a_finished_job_is_copied_and_asked_for_as_it_was(town):
    job, offers = town.offered(slots=WITH_OBSERVER, description="Bring a ladder", purchase_order="PO-1")
    _takes(town, offers[0])
    later = town.world.start + timedelta(days=7)
    window = {"start_at": later.isoformat(), "end_at": (later + timedelta(hours=4)).isoformat()}
    copied = town.staff.post(f"/v1/jobs/{job['id']}/copy", {"number": "COPY-1", "window": window})
    assert copied.status_code == 201, copied.text
    copy = copied.json()
    for field in ("title", "description", "purchase_order", "job_type", "priority", "mode", "policy", "day_policy"):
        assert copy[field] == town.staff.get(f"/v1/jobs/{job['id']}").json()[field]
    kept = ("role", "is_lead", "is_observer", "needs", "pay")
    slots = [[{name: slot[name] for name in kept} for slot in each["visits"][0]["slots"]] for each in (job, copy)]
    assert slots[0] == slots[1]
    assert all(slot["technician"] is None for slot in copy["visits"][0]["slots"])
    told = town.staff.get(f"/v1/jobs/{copy['id']}/events").json()["items"]
    assert job["id"] in [each["data"].get("copied_from") for each in told]
    assert town.world.send_waves() == 2


def test_a_copy_needs_its_own_number_room_and_tenant(town):
    job, _ = town.offered()
    url, window = f"/v1/jobs/{job['id']}/copy", job["visits"][0]["window"]
    same = town.staff.post(url, {"number": job["number"], "window": window})
    assert (same.status_code, same.json()["id"]) == (200, job["id"])
    short = town.staff.post(url, {"number": "C-2", "window": window, "duration_min": 20_000})
    assert short.json()["errors"][0]["path"] == "/window"
    theirs = town.staff.post(url, {"number": "C-2", "window": window, "site_id": str(town.globex_site)})
    assert theirs.json()["errors"][0]["path"] == "/site_id"
    assert town.stranger.post(url, {"number": "C-2", "window": window}).status_code == 404


def test_weekly_service_runs_over_a_holiday_and_the_change_of_clocks(story):
    """By 08:00 on the wall all year: an hour later in UTC once winter comes; Labor Day's visit is on the next day."""
    town, week = story.town, timedelta(days=7)
    soon = (town.world.start + timedelta(days=3)).date()
    labor_day = next(day for year in (soon.year, soon.year + 1) if (day := _first(0, year, 9)) - week > soon)
    winter = _first(6, labor_day.year, 11) + timedelta(days=1)
    begin = {"first_day": f"{labor_day - week}", "make_ahead_days": 1}
    series = _begun(town, rule="FREQ=WEEKLY;BYDAY=MO", on_closed_day="next_open_day", **begin)
    coming = town.staff.get(f"/v1/series/{series['id']}/preview?n=12").json()
    assert coming["time_zone"] == "America/Chicago"
    by_day = {each["day"]: each for each in coming["items"]}
    assert by_day[f"{labor_day}"]["notes"] == ["holiday", "moved_on"]
    assert by_day[f"{labor_day}"]["local_start"] == f"{labor_day + timedelta(days=1)}T08:00"
    assert by_day[f"{winter - week}"]["start_at"] == f"{winter - week}T13:00:00Z"
    assert by_day[f"{winter}"]["start_at"] == f"{winter}T14:00:00Z"
    assert story.sweeps() == 0


def _first(weekday, year, month):
    """The month's first day of the week that it is, Monday 0."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7)


def test_a_series_makes_its_jobs_ahead_each_once_and_they_are_taken_like_any_other(story):
    town = story.town
    series = _begun(town, rule="FREQ=DAILY;COUNT=6", make_ahead_days=5, **_soon(town, hours=70))
    for _ in range(3):
        story.sweeps()
    jobs = _jobs(town, series)
    assert len(jobs) == len({each["number"] for each in jobs}) == 3
    whole = town.staff.get(f"/v1/jobs/{jobs[0]['id']}").json()
    assert (whole["series_id"], whole["number"]) == (series["id"], f"PM-{whole['series_day'].replace('-', '')}")
    assert town.world.send_waves() == 3
    offer = next(each for each in town.world.offers() if str(each.job_id) == jobs[0]["id"])
    _takes(town, offer)
    story.time_passes("UPDATE series SET make_ahead_days = 30, due_at = now()")
    story.sweeps()
    assert len(_jobs(town, series)) == 6
    ended = town.staff.get(f"/v1/series/{series['id']}").json()
    assert (ended["state"], ended["num_made"], ended["due_at"]) == ("ended", 6, None)


def test_one_day_is_left_out_and_another_moved_forward(story):
    town = story.town
    series = _begun(town, rule="FREQ=WEEKLY", make_ahead_days=1, **_soon(town, hours=70))
    url = f"/v1/series/{series['id']}"
    days = [each["day"] for each in town.staff.get(f"{url}/preview?n=4").json()["items"]]
    assert town.staff.post(f"{url}/days/{days[0]}/skip").status_code == 200
    with town.world.as_engine() as (_, now):
        tomorrow = (now + timedelta(hours=20)).isoformat()
    moved = town.staff.post(f"{url}/days/{days[2]}/move", {"start_at": tomorrow})
    assert moved.status_code == 200, moved.text
    story.sweeps()
    made = _jobs(town, series)
    assert [town.staff.get(f"/v1/jobs/{each['id']}").json()["series_day"] for each in made] == [days[2]]
    shown = {each["day"]: each for each in town.staff.get(f"{url}/preview?n=4").json()["items"]}
    assert shown[days[0]]["notes"] == ["skipped"]
    assert shown[days[2]]["job_id"] == made[0]["id"]
    late = town.staff.post(f"{url}/days/{days[2]}/skip")
    assert (late.status_code, late.json()["state"]) == (409, "made")
    assert town.staff.post(f"{url}/days/{days[0]}/restore").status_code == 200
    story.time_passes("UPDATE series SET make_ahead_days = 30, due_at = now()")
    story.sweeps()
    assert len(_jobs(town, series)) == 4 + 1 - 1


def test_a_paused_series_makes_nothing_and_goes_on_without_making_up_for_the_past(story):
    town = story.town
    series = _begun(town, rule="FREQ=DAILY", make_ahead_days=3, **_soon(town, hours=70))
    url = f"/v1/series/{series['id']}"
    assert town.staff.post(f"{url}/pause").json()["moves"] == ["resume", "end"]
    assert story.sweeps() == 0
    story.time_passes("UPDATE series SET first_day = first_day - 10, made_through = made_through - 10")
    assert town.staff.post(f"{url}/resume").json()["state"] == "active"
    story.sweeps()
    starts = [datetime.fromisoformat(each["window"]["start_at"]) for each in _jobs(town, series)]
    with town.world.as_engine() as (session, now):
        passed = session.scalars(select(EventRow.data).where(EventRow.kind == "days_passed")).one()["days"]
    # From 7 days and 2 hours ago until 2 hours ago; and in 22, 46 and 70 hours.
    assert (len(passed), len(starts)) == (8, 3)
    assert min(starts) > now
    assert {each[1] for each in passed} == {"past"}
    assert town.staff.post(f"{url}/end").json()["state"] == "ended"
    assert town.staff.post(f"{url}/resume").status_code == 409


def test_a_series_whose_next_job_cannot_be_made_stops_and_calls_for_somebody(story):
    town = story.town
    series = _begun(town, rule="FREQ=DAILY", number_pattern="PM-{date}", make_ahead_days=3, **_soon(town, hours=70))
    url = f"/v1/series/{series['id']}"
    day = town.staff.get(f"{url}/preview?n=1").json()["items"][0]["day"].replace("-", "")
    town.posted(number=f"PM-{day}")
    story.sweeps()
    stopped = town.staff.get(url)
    assert (stopped.json()["state"], stopped.json()["stopped_why"]) == ("paused", "number")
    with town.world.as_engine() as (session, _):
        alarm = session.scalars(select(AlarmRow).where(AlarmRow.kind == "series_stopped")).one()
        assert str(alarm.subject_id) == series["id"]
    changed = town.staff.patch(url, {"number_pattern": "SERVICE-{date}"}, stopped.headers["ETag"])
    assert changed.status_code == 200, changed.text
    assert town.staff.post(f"{url}/resume").json()["stopped_why"] is None
    story.sweeps()
    assert _jobs(town, series)[0]["number"] == f"SERVICE-{day}"
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(AlarmRow.cleared_why).where(AlarmRow.kind == "series_stopped")).one() == "active"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"rule": "FREQ=SECONDLY"}, "/rule"),
        ({"rule": "FREQ=DAILY;INTERVAL=0"}, "/rule"),
        ({"rule": "FREQ=DAILY;COUNT=1000000000"}, "/rule"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "/rule"),
        ({"rule": "FREQ=WEEKLY;" + "BYDAY=MO;" * 1000}, "/rule"),
        ({"rule": "FREQ=DAILY;UNTIL=20270301T080000"}, "/rule"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101"}, "/rule"),
        ({"rule": "FREQ=DAILY\nEXDATE:20270301"}, "/rule"),
        ({"number_pattern": "PM-1042"}, "/number_pattern"),
        ({"number_pattern": "PM-{date}-{site}"}, "/number_pattern"),
        ({"job": {"priority": 3}}, "/title"),
        ({"job": WORK | {"duration_min": "long"}}, "/job/duration_min"),
        ({"job": WORK | {"slots": [{"needs": {"skills": {"telepathy": 1}}, "pay": {"amount": "1"}}]}},
         "/job/slots/0/needs/skills"),
        ({"start_time": "24:00"}, "/start_time"),
        ({"start_time": "8:00"}, "/start_time"),
        ({"first_day": "2027-02-30"}, "/first_day"),
        ({"make_ahead_days": 181}, "/make_ahead_days"),
        ({"window_min": 60}, "/window_min"),
        ({"site_id": "01973b2e-7c1a-7000-8000-0000000000e1"}, "/site_id"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_is_refused_with_the_way_out(calm_town, changes, path):
    refused = _series(calm_town, **changes)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["path"] == path
    assert refused.json()["errors"][0]["way_out"]


def test_wrong_wishes_about_single_days_are_refused(town):
    series = _begun(town, rule="FREQ=WEEKLY;BYDAY=MO")
    url = f"/v1/series/{series['id']}"
    day = town.staff.get(f"{url}/preview?n=1").json()["items"][0]["day"]
    no_day = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    assert town.staff.post(f"{url}/days/{no_day}/skip").json()["errors"][0]["path"] == "/day"
    assert town.staff.post(f"{url}/days/2027-02-30/skip").status_code == 422
    past = {"start_at": "2026-01-01T00:00:00Z"}
    assert town.staff.post(f"{url}/days/{day}/move", past).json()["errors"][0]["path"] == "/start_at"
    far = {"start_at": "2099-01-01T00:00:00Z"}
    assert town.staff.post(f"{url}/days/{day}/move", far).json()["errors"][0]["path"] == "/start_at"
    assert town.staff.post(f"{url}/days/{day}/restore").status_code == 409
    assert town.stranger.post(f"{url}/days/{day}/skip").status_code == 404
    assert town.stranger.get(f"{url}/preview").status_code == 404
    assert town.staff.get(f"{url}/preview?n=101").status_code == 422
