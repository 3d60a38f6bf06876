"""Trouble is seen ahead, climbs to somebody who is there, and stands on one list.

The store is in Alpine, Texas, on Chicago's clocks; the ladder is ten minutes to the person on duty, thirty to the one
behind them, sixty to the client's admins, and twice as fast for the most urgent jobs.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from dispatch.record.tables import StaffRow, new_id

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = {"weekly": {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}, "on_holidays": "closed"}
URGENT = {"sla": {"priorities": {"1": {"respond_min": 60, "fix_min": 480}}}}


def hired(story: Any, role: str, name: str) -> tuple[UUID, Any]:
    """A member of the client's staff, and their key."""
    staff, world = new_id(), story.town.world
    with world.as_engine() as (session, now):
        row = {"id": staff, "client_id": world.client, "role": role, "name": name, "email": f"{staff}@acme.example"}
        session.execute(insert(StaffRow).values(created_at=now, **row))
    return staff, story.town.key(role, client_id=world.client, staff_id=staff)


def on_duty(story: Any, level: int, staff: UUID | None = None, **shift: Any) -> dict[str, Any]:
    """Somebody has the duty from an hour ago for twelve hours."""
    now = datetime.now(UTC)
    body = {
        "level": level,
        "from_at": (now - timedelta(hours=1)).isoformat(),
        "to_at": (now + timedelta(hours=11)).isoformat(),
        "time_zone": "America/Chicago",
    } | ({"staff_id": str(staff)} if staff else {})
    answer = story.town.staff.post("/v1/duty/shifts", body | shift)
    assert answer.status_code == 201, answer.text
    return answer.json()


def trouble(story: Any, query: str = "", caller: Any = None) -> list[dict[str, Any]]:
    answer = (caller or story.town.staff).get(f"/v1/trouble{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def minutes_pass(story: Any, minutes: int) -> None:
    """All alarms and the timers of their climbing grow so much older; then the dispatcher looks."""
    story.time_passes(
        "UPDATE alarms SET raised_at = raised_at - make_interval(mins => %(m)s), next_climb_at = next_climb_at -"
        " make_interval(mins => %(m)s), snoozed_until = snoozed_until - make_interval(mins => %(m)s)",
        m=minutes,
    )
    story.sweeps()


def climbs(story: Any) -> list[tuple[int, str, list[str]]]:
    """(level, whom, staff) of every step that was told, in order."""
    rows = story.told("alarm", "escalated")
    return [(data["level"], data["whom"], data["staff"]) for data in rows]


def unfilled(story: Any, **more: Any) -> dict[str, Any]:
    """A job that nobody may do, given up by the dispatcher, and its alarm raised."""
    job = story.town.posted(**({"slots": [{"needs": {"skills": {"drones": 5}}, "pay": {"amount": "90.00"}}]} | more))
    story.town.world.send_waves()
    story.sweeps()
    return job


def test_an_alarm_at_night_climbs_to_who_is_on_duty_and_on_to_who_stands_behind(story):
    nina, _ = hired(story, "dispatcher", "Nina of the night")
    omar, _ = hired(story, "dispatcher", "Omar behind her")
    on_duty(story, 1, nina)
    on_duty(story, 2, omar)
    unfilled(story)
    assert climbs(story) == [], "nobody is woken at once"
    minutes_pass(story, 10)
    assert climbs(story) == [(1, "duty", [str(nina)])]
    minutes_pass(story, 19)
    assert len(climbs(story)) == 1
    minutes_pass(story, 2)
    assert climbs(story)[1] == (2, "duty:2", [str(omar)])


def test_a_gap_in_the_rota_is_told_and_the_next_step_follows_at_once(story):
    ada, _ = hired(story, "client_admin", "Ada")
    unfilled(story)
    assert [gap["level"] for gap in story.town.staff.get("/v1/duty").json()["gaps"]] == [1, 2]
    minutes_pass(story, 10)
    for _ in range(2):
        story.sweeps()
    assert climbs(story) == [(1, "duty", []), (2, "duty:2", []), (3, "role:client_admin", [str(ada)])]
    assert trouble(story)[0]["next_climb_at"] is None, "on the last step it stands"


def test_the_most_urgent_jobs_climb_twice_as_fast(story):
    nina, _ = hired(story, "dispatcher", "Nina")
    on_duty(story, 1, nina)
    unfilled(story, priority=1)
    minutes_pass(story, 5)
    assert climbs(story) == [(1, "duty", [str(nina)])]


def test_somebody_from_outside_has_the_duty_on_weekends(story):
    night_desk = {"name": "Night desk", "phone": "+14325550199"}
    (shift,) = on_duty(story, 1, contact=night_desk)["items"]
    unfilled(story)
    minutes_pass(story, 10)
    (told,) = story.told("alarm", "escalated")
    assert (told["staff"], told["shift"], told["channels"]) == ([], shift, ["mail", "sms", "push"])
    assert "Night" not in str(told), "an event names nobody"


def test_an_acknowledged_alarm_stops_climbing_and_climbs_on_when_nobody_ends_it(story):
    nina, _ = hired(story, "dispatcher", "Nina")
    on_duty(story, 1, nina)
    unfilled(story)
    (alarm,) = trouble(story)
    taken = story.town.staff.post(f"/v1/alarms/{alarm['id']}/acknowledge").json()
    assert taken["state"] == "acknowledged"
    minutes_pass(story, 60)
    assert climbs(story) == []
    assert trouble(story, "?unacknowledged=true") == []
    minutes_pass(story, 60)
    assert climbs(story) == [(1, "duty", [str(nina)])]
    assert trouble(story, "?unacknowledged=true")[0]["state"] == "raised", "whoever took it on did not end it"


def test_what_somebody_answered_is_taken_back_and_climbs_as_before(story):
    nina, key = hired(story, "dispatcher", "Nina")
    on_duty(story, 1, nina)
    unfilled(story)
    (alarm,) = trouble(story)
    assert (alarm["moves"], alarm["acknowledged_by_name"]) == (["acknowledge", "snooze", "clear"], None)
    url = f"/v1/alarms/{alarm['id']}"
    nothing = key.post(f"{url}/put-back")
    assert (nothing.status_code, nothing.json()["state"]) == (409, "raised")
    later = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    assert key.post(f"{url}/snooze", {"until_at": later, "why": "known"}).status_code == 200
    assert trouble(story)[0]["acknowledged_by_name"] == "Nina", "a colleague reads who put it off"
    # A colleague takes it back: nobody has it, and it climbs by the time at which it was raised.
    back = story.town.staff.post(f"{url}/put-back").json()
    assert (back["state"], back["next_climb_at"]) == ("raised", alarm["next_climb_at"])
    minutes_pass(story, 10)
    assert climbs(story) == [(1, "duty", [str(nina)])]
    # Said to be over: open again on the step it was on, for an hour.
    assert key.post(f"{url}/clear", {"why": "settled"}).json()["moves"] == []
    assert trouble(story) == []
    again = key.post(f"{url}/put-back").json()
    assert (again["state"], again["level"], again["cleared_why"]) == ("raised", 1, None)
    assert again["next_climb_at"] is not None
    assert key.post(f"{url}/clear", {"why": "settled"}).status_code == 200
    story.time_passes("UPDATE alarms SET cleared_at = cleared_at - interval '61 minutes'")
    assert key.post(f"{url}/put-back").status_code == 409
    assert [each["was"] for each in story.told("alarm", "put_back")] == ["snoozed", "cleared"]


def test_what_is_over_without_a_word_or_raised_anew_is_not_opened_again(story):
    job = unfilled(story)
    (alarm,) = trouble(story)
    url = f"/v1/alarms/{alarm['id']}"
    assert story.town.staff.post(f"{url}/clear", {}).status_code == 200
    story.time_passes("UPDATE jobs SET look_at = now() WHERE id = %(j)s", j=job["id"])
    story.sweeps()
    (anew,) = trouble(story)
    assert anew["id"] != alarm["id"]
    refused = story.town.staff.post(f"{url}/put-back")
    assert (refused.status_code, refused.json()["state"]) == (409, "over for good, or raised anew")
    # The other is over because its work is: no word of anybody's is taken back by this.
    assert story.town.staff.post(f"/v1/jobs/{job['id']}/cancel", {"why": "other"}).status_code == 200
    assert trouble(story) == []
    assert story.town.staff.post(f"/v1/alarms/{anew['id']}/put-back").status_code == 409


def test_an_alarm_put_off_with_a_reason_climbs_when_that_time_has_come(story):
    nina, _ = hired(story, "dispatcher", "Nina")
    on_duty(story, 1, nina)
    unfilled(story)
    (alarm,) = trouble(story)
    later = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    put_off = story.town.staff.post(
        f"/v1/alarms/{alarm['id']}/snooze", {"until_at": later, "why": "waiting_for_customer"}
    ).json()
    assert (put_off["state"], put_off["snoozed_why"]) == ("snoozed", "waiting_for_customer")
    minutes_pass(story, 299)
    assert climbs(story) == []
    minutes_pass(story, 2)
    assert len(climbs(story)) == 1


def test_what_climbed_to_me_is_mine_on_the_list(story):
    nina, nina_calls = hired(story, "dispatcher", "Nina")
    _, omar_calls = hired(story, "dispatcher", "Omar")
    on_duty(story, 1, nina)
    unfilled(story)
    assert trouble(story, "?mine=true", nina_calls) == []
    minutes_pass(story, 10)
    assert len(trouble(story, "?mine=true", nina_calls)) == 1
    assert trouble(story, "?mine=true", omar_calls) == []
    (alarm,) = trouble(story)
    omar_calls.post(f"/v1/alarms/{alarm['id']}/acknowledge")
    assert len(trouble(story, "?mine=true", omar_calls)) == 1


def test_the_list_runs_by_minutes_left_page_after_page_and_says_what_to_do(story):
    start = story.town.world.start
    for hours in (26, 2, 50):
        begin = start + timedelta(hours=hours)
        window = {"start_at": begin.isoformat(), "end_at": (begin + timedelta(hours=4)).isoformat()}
        unfilled(story, window=window)
    listed = trouble(story)
    assert [each["due_at"] for each in listed] == sorted(each["due_at"] for each in listed)
    assert [each["kind"] for each in listed] == ["nobody_may"] * 3
    first = listed[0]
    assert first["words"] == "No technician in reach may do the job"
    assert first["unfilled"]["reasons"][0]["code"] in ("skill", "level")
    acts = {act["operation"]: (act["method"], act["path"]) for act in first["acts"]}
    assert acts["patchJob"] == ("PATCH", f"/v1/jobs/{first['job_id']}")
    assert acts["acknowledgeAlarm"] == ("POST", f"/v1/alarms/{first['id']}/acknowledge")
    pages = story.town.staff.get("/v1/trouble?limit=2&kind=nobody_may")
    rest = story.town.staff.get(pages.headers["Link"].partition(">")[0].removeprefix("<"))
    assert [each["id"] for each in (*pages.json()["items"], *rest.json()["items"])] == [each["id"] for each in listed]
    assert trouble(story, "?kind=sla_breached") == []


def test_a_yes_that_waits_for_a_pick_stands_on_the_list_until_it_is_picked(story):
    job, offers = story.town.offered(mode="manual")
    story.town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    story.looks_again(job["id"])
    (item,) = trouble(story)
    assert (item["kind"], item["waiting"][0]["id"]) == ("pick_waiting", str(offers[0].id))
    picked = story.town.staff.post(f"/v1/jobs/{job['id']}/assignments", {"offer_id": str(offers[0].id)})
    assert picked.status_code == 201, picked.text
    story.sweeps()
    assert trouble(story) == []


def test_a_promise_is_at_risk_then_broken_then_kept_late_and_each_is_told_once(story):
    job = story.town.posted(priority=1, day_policy=URGENT)
    promise = job["promise"]
    assert (promise["respond"], promise["fix"], promise["minutes_left"]) == ("running", "running", 59)
    story.promised_earlier(job["id"], minutes=30)
    assert [each["kind"] for each in trouble(story)] == ["sla_at_risk"]
    assert story.town.staff.get("/v1/jobs").json()["items"][0]["is_at_risk"]
    story.promised_earlier(job["id"], minutes=31)
    story.looks_again(job["id"])
    assert [each["kind"] for each in trouble(story)] == ["sla_breached"]
    (told,) = story.told("job", "promise_broken")
    assert told["promise"] == "respond"
    story.town.world.send_waves()
    offers = story.town.world.offers(UUID(job["id"]))
    story.town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    story.sweeps()
    read = story.town.staff.get(f"/v1/jobs/{job['id']}").json()["promise"]
    assert read["respond"] == "broken", "kept late is not kept"
    assert "sla_breached" not in [each["kind"] for each in trouble(story)], "but nobody need do anything about it"


def test_a_pause_over_a_holiday_weekend_moves_the_deadline_by_the_open_hours_alone(story):
    story.opens(OFFICE)
    level = {"sla": {"priorities": {"2": {"fix_min": 540}}}}
    job = story.town.posted(priority=2, day_policy=level)
    # Posted on the Wednesday before Thanksgiving at 16:00: an hour of Wednesday, and eight of Monday, since the
    # site's region rests on Friday, too.
    wednesday = datetime(2026, 11, 25, 16, tzinfo=CHICAGO)
    monday = datetime(2026, 11, 30, 16, tzinfo=CHICAGO)
    story.time_passes(
        "UPDATE jobs SET posted_at = %(p)s, fix_by = %(f)s, sla = jsonb_build_object('fix_warn_at', %(w)s)"
        " WHERE id = %(j)s",
        p=wednesday, f=monday, w=(monday - timedelta(hours=1)).isoformat(), j=job["id"],
    )  # fmt: skip
    paused = story.town.staff.post(f"/v1/jobs/{job['id']}/sla/pause", {"why": "customer_asked"})
    assert paused.json()["fix"] in ("paused", "broken")
    story.time_passes("UPDATE jobs SET sla_paused_at = %(p)s WHERE id = %(j)s", p=wednesday, j=job["id"])
    resumed = story.town.staff.post(f"/v1/jobs/{job['id']}/sla/resume").json()
    assert resumed["pauses"][0]["why"] == "customer_asked"
    moved = datetime.fromisoformat(resumed["fix_by"])
    assert resumed["counted_minutes_left"] in (539, 540), "as much is left as when the pause began"
    assert moved > monday


def test_a_pause_stops_the_alarm_and_cannot_be_begun_twice(story):
    job = story.town.posted(priority=1, day_policy=URGENT)
    story.promised_earlier(job["id"], minutes=61)
    assert [each["kind"] for each in trouble(story)] == ["sla_breached"]
    url = f"/v1/jobs/{job['id']}/sla"
    assert story.town.staff.post(f"{url}/pause", {"why": "waiting_for_part"}).status_code == 200
    again = story.town.staff.post(f"{url}/pause", {"why": "access"})
    assert (again.status_code, again.json()["moves"]) == (409, ["resume"])
    story.sweeps()
    assert trouble(story) == []
    assert story.town.staff.post(f"{url}/resume").status_code == 200
    assert story.town.staff.post(f"{url}/resume").json()["state"] == "running"


def test_a_credential_that_will_not_last_is_seen_before_anyone_drives(story):
    slots = [{"needs": {"skills": {"hvac": 2}, "credentials": ["background_check"]}, "pay": {"amount": "140.00"}}]
    story.everybody_proves("background_check", days=30)
    given = story.assigned(slots=slots)
    story.sweeps()
    assert trouble(story) == []
    story.time_passes("UPDATE credentials SET valid_until = current_date")
    story.looks_again(given.job["id"])
    (item,) = trouble(story)
    assert (item["kind"], item["technicians"][0]["id"]) == ("credential_expiring", str(given.technician_id))
    acts = {act["operation"]: act["path"] for act in item["acts"]}
    assert acts["releaseTechnician"] == f"/v1/assignments/{given.assignment_id}/release"
    (risk,) = given.staff.get(f"{given.job_url}/risks").json()["items"]
    assert (risk["kind"], risk["detail"]) == ("credential_expiring", "background_check")


def test_a_plan_that_breaks_the_promise_is_seen_days_before(story):
    level = {"sla": {"priorities": {"3": {"fix_min": 60, "counted": "around_the_clock"}}}}
    given = story.assigned(day_policy=level)
    story.sweeps()
    assert [each["kind"] for each in trouble(story)] == ["sla_at_risk"], "planned in two days, promised in an hour"
    risks = given.staff.get(f"{given.job_url}/risks").json()["items"]
    assert [(risk["kind"], risk["detail"]) for risk in risks] == [("sla_at_risk", "fix")]
    assert 58 <= risks[0]["minutes_left"] <= 60


def test_when_a_job_is_over_nothing_about_it_needs_anybody(story):
    given = story.assigned(day_policy={"sla": {"priorities": {"3": {"fix_min": 60}}}})
    story.sweeps()
    assert len(trouble(story)) == 1
    given.does("check-in", "check-out")
    finished = given.technician.post(f"{given.job_url}/finish")
    assert finished.status_code == 200, finished.text
    story.sweeps()
    assert trouble(story) == []
    (alarm,) = given.staff.get(f"/v1/alarms?job_id={given.job['id']}").json()["items"]
    assert (alarm["state"], alarm["cleared_why"], alarm["moves"]) == ("cleared", "job_ended", [])
    late = given.staff.post(f"/v1/alarms/{alarm['id']}/acknowledge")
    assert (late.status_code, late.json()["state"]) == (409, "cleared")


def test_an_alarm_cleared_by_hand_comes_back_while_its_reason_stands(story):
    job = unfilled(story)
    (alarm,) = trouble(story)
    cleared = story.town.staff.post(f"/v1/alarms/{alarm['id']}/clear", {"why": "called_the_site"}).json()
    assert (cleared["state"], cleared["cleared_why"]) == ("cleared", "called_the_site")
    assert trouble(story) == []
    story.looks_again(job["id"])
    (anew,) = trouble(story)
    assert anew["id"] != alarm["id"]


def test_a_more_urgent_priority_promises_more_from_the_time_of_posting(story):
    levels = {
        "1": {"fix_min": 120, "counted": "around_the_clock"},
        "4": {"fix_min": 600, "counted": "around_the_clock"},
    }
    job = story.town.posted(priority=4, day_policy={"sla": {"priorities": levels}})
    url = f"/v1/jobs/{job['id']}"
    read = story.town.staff.get(url)
    changed = story.town.staff.patch(url, {"priority": 1}, read.headers["ETag"]).json()
    posted_at, fix_by = map(datetime.fromisoformat, (changed["posted_at"], changed["promise"]["fix_by"]))
    assert fix_by - posted_at == timedelta(minutes=120)


def test_a_draft_is_promised_nothing_until_it_is_published(story):
    level = {"sla": {"priorities": {"3": {"respond_min": 60}}}}
    draft = story.town.posted(is_draft=True, day_policy=level)
    assert draft["promise"] is None
    story.town.staff.post(f"/v1/jobs/{draft['id']}/publish")
    assert story.town.staff.get(f"/v1/jobs/{draft['id']}").json()["promise"]["respond"] == "running"
