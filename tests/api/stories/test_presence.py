"""The visit itself, as people live it: coming, being there, leaving, and all that goes wrong between."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from personal_data import assert_events_impersonal
from pictures import picture
from sqlalchemy import select, text

from dispatch.record.tables import EventRow, OfferRow

SITE = {"lat": 30.3585, "lng": -103.6610, "accuracy_m": 10}
FAR_AWAY = {"lat": 31.0, "lng": -103.6610, "accuracy_m": 20}
RETURN = {"outcome": "return_needed", "why": "part", "note": "A blower motor, 3/4 hp"}


def minutes_ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def told(story, kind: str) -> list[dict]:
    """What events of this kind said, the oldest first."""
    with story.town.world.as_engine() as (session, _):
        return list(session.scalars(select(EventRow.data).where(EventRow.kind == kind).order_by(EventRow.at)))


def alarms(story) -> set[str]:
    with story.town.world.as_engine() as (session, _):
        return set(session.scalars(text("SELECT kind FROM alarms WHERE cleared_at IS NULL")))


def starts_in(story, given, minutes: float) -> None:
    """The clock moves on until the agreed start is so many minutes ahead (behind, if negative)."""
    shift = "clock_timestamp() + make_interval(mins => %(minutes)s) - start_at"
    story.time_passes(
        f"WITH moved AS (SELECT id, visit_id, {shift} AS by FROM assignments WHERE id = %(id)s),"
        " a AS (UPDATE assignments x SET start_at = start_at + by, end_at = end_at + by, confirm_by = confirm_by + by,"
        " assigned_at = assigned_at - interval '1 day', watch_at = clock_timestamp() FROM moved m WHERE x.id = m.id"
        " RETURNING x.booking_id, m.by),"
        " b AS (UPDATE bookings k SET busy = tstzrange(lower(busy) + by, upper(busy) + by, '[)') FROM a"
        " WHERE k.id = a.booking_id)"
        " UPDATE visits v SET planned_start_at = planned_start_at + by, planned_end_at = planned_end_at + by,"
        " confirm_by = v.confirm_by + by, window_start_at = window_start_at + by, window_end_at = window_end_at + by"
        " FROM moved m WHERE v.id = m.visit_id",
        minutes=minutes,
        id=given.assignment_id,
    )


def test_a_visit_is_confirmed_driven_to_worked_and_closed_and_only_agreed_time_counts(story):
    given = story.assigned()
    given.does("confirm")
    left = given.technician.post(f"{given.visit}/leave", {"position": SITE | {"lat": 30.4585}}).json()
    assert left["presence"] == "on_the_way"
    assert left["eta_at"] is not None
    arrived = given.technician.post(f"{given.visit}/check-in", {"position": SITE})
    assert arrived.json()["state"] == "checked_in"
    assert given.technician.post(f"{given.visit}/check-out", {"position": SITE}).json()["state"] == "checked_out"
    entry = given.staff.get(f"{given.visit}/time-log").json()["entries"][0]
    assert entry["arrival"] == {"distance_m": 0, "accuracy_m": 10, "is_within": True, "signs": []}
    assert entry["agreed_at"] is None
    given.technician.post(f"{given.job_url}/finish")
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"
    assert given.staff.get(f"{given.visit}/time-log").json()["entries"][0]["agreed_at"] is not None
    with story.town.world.as_engine() as (session, _):
        assert_events_impersonal(session)


def test_on_the_way_says_when_from_wherever_the_technician_sets_out(story):
    given = story.assigned()
    near = given.technician.post(f"{given.visit}/leave").json()["eta_at"]
    base = datetime.fromisoformat(near) - datetime.now(UTC)
    assert timedelta(minutes=1) < base < timedelta(minutes=10)
    assert told(story, "left")[0]["eta_at"][:16] == near[:16]
    assert given.technician.post(f"{given.visit}/leave").status_code == 409


def test_running_late_in_one_tap_tells_the_new_time_and_nobody_is_alarmed_before_it(story):
    given = story.assigned()
    starts_in(story, given, 30)
    late = given.technician.post(f"{given.visit}/late", {"minutes": 45})
    assert late.status_code == 200, late.text
    assert told(story, "running_late")[0]["late_min"] == 45
    starts_in(story, given, -20)
    story.time_passes("UPDATE assignments SET eta_at = start_at + interval '45 minutes'")
    story.sweeps()
    assert "no_check_in" not in alarms(story)
    assert given.technician.post(f"{given.visit}/late", {"minutes": 5}).status_code == 422
    assert (
        given.technician.post(f"{given.visit}/late", {"minutes": 5, "eta_at": late.json()["eta_at"]}).status_code == 422
    )


def test_who_does_not_confirm_leave_or_come_raises_one_alarm_each_and_coming_clears_them_all(story):
    given = story.assigned()
    starts_in(story, given, 24 * 60)
    story.time_passes("UPDATE assignments SET confirm_by = clock_timestamp() + interval '30 minutes'")
    story.sweeps()
    assert len(told(story, "reminded")) == 1
    story.time_passes("UPDATE assignments SET confirm_by = clock_timestamp(), watch_at = clock_timestamp()")
    story.sweeps()
    assert alarms(story) == {"not_confirmed"}
    starts_in(story, given, -16)
    story.sweeps()
    story.sweeps()
    assert alarms(story) == {"not_confirmed", "not_left", "no_check_in"}
    assert len(told(story, "reminded")) == 1
    given.does("check-in")
    assert alarms(story) == set()


def test_a_phone_without_signal_is_never_late(story):
    given = story.assigned()
    starts_in(story, given, -60)
    story.sweeps()
    assert "no_check_in" in alarms(story)
    there = {"at": minutes_ago(62), "position": SITE}
    assert given.technician.post(f"{given.visit}/check-in", there).status_code == 200
    assert alarms(story) == set()
    said = told(story, "checked_in")[0]
    assert (said["late_min"], said["is_claimed"]) == (0, True)
    entry = given.technician.get(f"{given.visit}/time-log").json()["entries"][0]
    assert entry["in_claimed_at"] == entry["started_at"]
    assert entry["in_received_at"] > entry["in_claimed_at"]


def test_positions_are_compared_and_noted_and_nobody_is_turned_away(story):
    given = story.assigned()
    vague = {"position": SITE | {"accuracy_m": 5000}}
    assert given.technician.post(f"{given.visit}/check-in", vague).status_code == 200
    mocked = FAR_AWAY | {"accuracy_m": 0, "is_mocked": True}
    out = {"position": mocked, "outcome": "back_later"}
    assert given.technician.post(f"{given.visit}/check-out", out).json()["presence"] == "stepped_out"
    entry = given.staff.get(f"{given.visit}/time-log").json()["entries"][0]
    assert entry["arrival"]["is_within"] is None
    assert entry["departure"]["is_within"] is False
    assert entry["departure"]["distance_m"] > 70_000
    given.technician.post(f"{given.visit}/check-in", {"position": SITE})
    given.does("check-out")
    signs = [each["arrival"] and each["arrival"]["signs"] for each in _entries(given)]
    assert "impossible_speed" in signs[1]
    assert {"accuracy_zero", "mocked"} <= set(_entries(given)[0]["departure"]["signs"])


def _entries(given) -> list[dict]:
    return given.staff.get(f"{given.visit}/time-log").json()["entries"]


def test_waiting_breaks_and_coming_back_are_spans_of_their_own(story):
    given = story.assigned()
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(300)})
    for kind, ago, reason in (
        ("wait", 290, "no_access"),
        ("work", 260, None),
        ("break", 200, None),
        ("work", 170, None),
    ):
        answer = given.technician.post(f"{given.visit}/time", {"kind": kind, "at": minutes_ago(ago), "reason": reason})
        assert answer.status_code == 200, answer.text
    given.technician.post(f"{given.visit}/check-out", {"at": minutes_ago(120), "outcome": "back_later"})
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(60)})
    given.technician.post(f"{given.visit}/check-out", {"at": minutes_ago(30)})
    spans = [(each["kind"], each["reason"]) for each in _entries(given)]
    assert spans == [
        ("work", None), ("wait", "no_access"), ("work", None), ("break", None), ("work", None), ("work", None),
    ]  # fmt: skip
    log = given.staff.post(f"{given.visit}/time-log/agree").json()
    # 10 + 30 + 60 + 50 + 30; the break is nobody's money.
    assert abs(log["totals"][0]["agreed_min"] - 180) <= 1


def test_a_correction_counts_once_the_other_side_agrees_and_what_was_written_stays(story):
    given = story.assigned()
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(120)})
    given.technician.post(f"{given.visit}/check-out", {"at": minutes_ago(60)})
    entry = _entries(given)[0]["entry_id"]
    longer = {"started_at": minutes_ago(180), "ended_at": minutes_ago(60), "note": "I forgot to check in"}
    version = given.technician.post(f"{given.visit}/time-log/{entry}/corrections", longer).json()["id"]
    assert given.technician.post(f"{given.visit}/corrections/{version}/accept").status_code == 409
    assert given.technician.post(f"{given.visit}/time-log/{entry}/corrections", longer).status_code == 409
    log = given.staff.post(f"{given.visit}/corrections/{version}/accept").json()
    assert [(each["version"], each["state"]) for each in log["entries"]] == [(1, "superseded"), (2, "current")]
    assert log["totals"][0]["agreed_min"] == 120
    shorter = {"started_at": minutes_ago(100), "ended_at": minutes_ago(60)}
    refused = given.staff.post(f"{given.visit}/time-log/{entry}/corrections", shorter).json()["id"]
    log = given.technician.post(f"{given.visit}/corrections/{refused}/refuse").json()
    assert [each["state"] for each in log["entries"]] == ["superseded", "current", "refused"]
    assert log["totals"][0]["agreed_min"] == 120


def test_a_part_is_missing_so_the_same_technician_is_asked_first_to_come_again(story):
    given = story.assigned()
    given.does("check-in")
    out = given.technician.post(f"{given.visit}/check-out", RETURN)
    assert out.json()["state"] == "checked_out"
    again = out.json()["next_visit_id"]
    job = given.staff.get(given.job_url).json()
    assert [(each["num"], each["outcome"]) for each in job["visits"]] == [(1, "return_needed"), (2, None)]
    assert (job["state"], job["terms_version"]) == ("open", 2)
    assert told(story, "visit_added")[0]["why"] == "return_needed"
    story.town.world.send_waves()
    offers = [each for each in story.town.world.offers() if str(each.visit_id) == again]
    assert [each.technician_id for each in offers] == [given.technician_id]
    yes = given.technician.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 2})
    assert yes.status_code == 200, yes.text
    assert given.state() == "in_progress"
    for wish in ("check-in", "check-out"):
        assert given.technician.post(f"/v1/visits/{again}/{wish}").status_code == 200
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"


def test_a_closed_door_is_told_with_evidence_and_without_blame_and_the_client_decides(story):
    given = story.assigned()
    given.does("check-in")
    silent = given.technician.post(f"{given.visit}/check-out", {"outcome": "could_not_start", "why": "no_access"})
    assert silent.status_code == 422
    strange = {"outcome": "could_not_start", "why": "no_access", "evidence": [given.assignment_id]}
    assert given.technician.post(f"{given.visit}/check-out", strange).json()["errors"][0]["path"] == "/evidence/0"
    photo = given.sends(picture())
    closed = {"outcome": "could_not_start", "why": "no_access", "note": "Nobody opens", "evidence": [photo]}
    assert given.technician.post(f"{given.visit}/check-out", closed).json()["next_visit_id"] is None
    assert alarms(story) >= {"could_not_start"}
    assignment = given.technician.get("/v1/assignments").json()["items"][0]
    assert (assignment["state"], assignment["ended_why"]) == ("live", None)
    made = given.staff.post(f"{given.job_url}/visits", {})
    assert made.status_code == 201, made.text
    assert "could_not_start" not in alarms(story)
    again = given.staff.get(given.job_url).json()["visits"][1]
    before = given.job["visits"][0]["window"]["start_at"]
    assert (again["state"], again["window"]["start_at"][11:16]) == ("planned", before[11:16])


def test_where_no_second_trip_is_wanted_the_visit_is_dropped_and_the_job_finished(story):
    given = story.assigned()
    given.does("check-in")
    again = given.technician.post(f"{given.visit}/check-out", RETURN).json()["next_visit_id"]
    dropped = given.staff.post(f"/v1/visits/{again}/drop", {"why": "not_wanted"})
    assert dropped.json()["state"] == "cancelled", dropped.text
    assert given.state() == "in_progress"
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"
    only = story.assigned()
    assert only.staff.post(f"{only.visit}/drop", {"why": "other"}).status_code == 409


def test_a_person_marks_the_no_show_and_the_backup_is_asked_at_once(story):
    given = story.taken_with_backup()

    def backups():
        asked = given.staff.get(f"{given.job_url}/offers").json()["items"]
        return [UUID(each["technician"]["id"]) for each in asked if each["is_backup"]]

    assert backups() == [given.backup_id], "staff see whom it would be"
    early = given.staff.post(f"{given.visit}/no-show", {"why": "called_no_answer"})
    assert early.status_code == 409
    starts_in(story, given, -20)
    assert given.technician.post(f"{given.visit}/no-show", {"why": "called_no_answer"}).status_code == 403
    missed = given.staff.post(f"{given.visit}/no-show", {"why": "called_no_answer"}).json()
    assert missed["state"] == "missed"
    again = missed["next_visit_id"]
    story.town.world.send_waves()
    asked = [each.technician_id for each in story.town.world.offers() if str(each.visit_id) == again]
    assert asked == [given.backup_id]
    assert given.technician.get("/v1/open-jobs").json()["items"] == []
    job = given.staff.get(given.job_url).json()
    assert [each["state"] for each in job["visits"]] == ["missed", "planned"]
    gone = given.staff.get("/v1/assignments").json()["items"][-1]
    assert (gone["state"], gone["ended_why"]) == ("released", "no_show")
    assert given.technician.post(f"{given.visit}/check-in").status_code == 404


def test_two_on_a_visit_end_it_with_the_last_of_them_and_the_lead_says_how(story):
    lead, helper = story.crew_of_two()
    helper.does("check-in")
    assert helper.technician.post(f"{helper.visit}/check-out").json()["state"] == "checked_in"
    helper.does("check-in")
    lead.does("check-in")
    assert lead.technician.post(f"{lead.visit}/check-out", RETURN).json()["state"] == "checked_in"
    assert lead.staff.post(f"{lead.visit}/check-out").status_code == 422
    last = helper.technician.post(f"{helper.visit}/check-out").json()
    assert last["state"] == "checked_out"
    assert last["next_visit_id"] is not None
    assert lead.staff.get(lead.job_url).json()["visits"][0]["outcome"] == "return_needed"
    # Each sees and speaks for their own time alone; the client sees all of it.
    assert len(lead.technician.get(f"{lead.visit}/time-log").json()["totals"]) == 1
    assert len(lead.staff.get(f"{lead.visit}/time-log").json()["totals"]) == 2
    theirs = next(each for each in _entries(lead) if each["technician_id"] == str(helper.technician_id))
    span = {"started_at": minutes_ago(30), "ended_at": minutes_ago(20)}
    wrong = lead.technician.post(f"{lead.visit}/time-log/{theirs['entry_id']}/corrections", span)
    assert wrong.status_code == 404


def test_one_of_two_does_not_come_and_the_place_opens_on_the_same_visit(story):
    lead, helper = story.crew_of_two()
    lead.does("check-in")
    starts_in(story, helper, -30)
    missed = lead.staff.post(
        f"{lead.visit}/no-show", {"why": "unreachable", "technician_id": str(helper.technician_id)}
    )
    assert missed.status_code == 200, missed.text
    assert (missed.json()["state"], missed.json()["next_visit_id"]) == ("checked_in", None)
    assert lead.state() == "open"
    lead.does("check-out")
    assert lead.state() == "in_progress"


def test_a_text_with_the_code_checks_in_and_out_and_the_carriers_second_copy_changes_nothing(story):
    given = story.assigned()
    gateway = story.town.key("gateway")
    code, number = story.code_of(given)
    text_in = {"channel": "sms", "message_id": "SM-1", "sender": number, "words": f"In {code}"}
    first = gateway.post("/v1/gateway/visit-words", text_in).json()
    assert (first["outcome"], first["did"], first["presence"]) == ("done", "check_in", "checked_in")
    assert gateway.post("/v1/gateway/visit-words", text_in).json() == first | {"is_duplicate": True}
    call = {"channel": "voice", "message_id": "CA-1", "sender": number, "words": f"{code}#2"}
    assert gateway.post("/v1/gateway/visit-words", call).json()["presence"] == "checked_out"
    assert [(each["source"], each["out_source"]) for each in _entries(given)] == [("sms", "voice")]
    again = {"channel": "sms", "message_id": "SM-2", "sender": number, "words": f"in {code}"}
    assert gateway.post("/v1/gateway/visit-words", again).json()["outcome"] == "unknown"


def test_whoever_guesses_codes_is_answered_no_more_and_learns_nothing(story):
    given = story.assigned()
    gateway = story.town.key("gateway")
    code, number = story.code_of(given)

    def says(num: int, words: str, sender: str = number) -> str:
        body = {"channel": "sms", "message_id": f"SM-{num}", "sender": sender, "words": words}
        return gateway.post("/v1/gateway/visit-words", body).json()["outcome"]

    assert says(0, "hello there") == "no_code"
    assert says(1, f"IN {code}", "+14325559999") == "unknown"
    wrong = [f"{(int(code) + num) % 1_000_000:06d}" for num in range(1, 6)]
    assert [says(num + 2, f"IN {each}") for num, each in enumerate(wrong)] == ["unknown"] * 5
    assert says(8, f"IN {code}") == "too_many"
    story.time_passes("UPDATE phone_words SET received_at = received_at - interval '16 minutes'")
    assert says(9, f"IN {code}") == "done"


def test_work_sent_back_with_a_list_and_a_date_is_mended_and_finished_again(story):
    given = story.assigned()
    given.does("check-in", "check-out")
    given.technician.post(f"{given.job_url}/finish")
    back = {"items": ["The panel is not closed"], "due_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    assert given.staff.post(f"{given.job_url}/send-back", back | {"due_at": minutes_ago(1)}).status_code == 422
    assert given.staff.post(f"{given.job_url}/send-back", back).json()["state"] == "sent_back"
    assert given.staff.post(f"{given.job_url}/send-back", back).status_code == 409
    assert given.staff.get(given.job_url).json()["sent_back"]["items"] == [
        {"what": "The panel is not closed", "deliverable": None}
    ]
    shown = given.technician.get(given.visit).json()["sent_back"]
    assert [each["what"] for each in shown["items"]] == ["The panel is not closed"]
    story.looks_again(given.job["id"])
    assert "rework_due" not in alarms(story)
    story.time_passes("UPDATE jobs SET sent_back = sent_back || jsonb_build_object('due_at', now() + interval '5 min')")
    story.looks_again(given.job["id"])
    assert "rework_due" in alarms(story)
    assert given.technician.post(f"{given.job_url}/finish").json()["state"] == "done"
    assert given.staff.get(given.job_url).json()["sent_back"] is None
    story.looks_again(given.job["id"])
    assert "rework_due" not in alarms(story)
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"


def test_an_overrun_flags_the_next_visit_and_never_keeps_anybody_from_leaving(story):
    given = story.assigned()
    offers = story.town.offered(
        window={
            "start_at": (story.town.world.start + timedelta(hours=6)).isoformat(),
            "end_at": (story.town.world.start + timedelta(hours=9)).isoformat(),
        }
    )[1]
    theirs = next(each for each in offers if each.technician_id == given.technician_id)
    after = story.taken({"id": str(theirs.job_id)}, theirs)
    starts_in(story, given, -150)
    starts_in(story, after, 5)
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(149)})
    story.sweeps()
    assert {"overdue", "next_visit_at_risk"} <= alarms(story)
    assert given.technician.post(f"{given.visit}/check-out").json()["state"] == "checked_out"
    assert "overdue" not in alarms(story)
    with story.town.world.as_engine() as (session, _):
        assert session.scalar(select(OfferRow.state).where(OfferRow.id == theirs.id)) == "accepted"


def test_stamps_that_cannot_be_are_refused_by_name(story):
    given = story.assigned()
    out_first = given.technician.post(f"{given.visit}/check-out")
    assert out_first.status_code == 409
    assert "check-in" not in out_first.json()["moves"]
    assert "check_in" in out_first.json()["moves"]
    tomorrow = given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(-1440)})
    assert (tomorrow.status_code, tomorrow.json()["errors"][0]["path"]) == (422, "/at")
    assert given.technician.post(f"{given.visit}/check-in", {"at": "2026-11-01T01:30:00"}).status_code == 422
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(60)})
    before = given.technician.post(f"{given.visit}/check-out", {"at": minutes_ago(90)})
    assert before.status_code == 422
    assert given.technician.post(f"{given.visit}/check-in").status_code == 409
    long = {"started_at": minutes_ago(40 * 60), "ended_at": minutes_ago(10 * 60)}
    assert given.technician.post(f"{given.visit}/time-log", long).status_code == 422
    assert given.technician.post(f"{given.visit}/time", {"kind": "wait"}).status_code == 422


def test_a_thirty_hour_visit_can_be_left_and_a_person_looks_at_it(story):
    given = story.assigned()
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(30 * 60)})
    assert given.technician.post(f"{given.visit}/check-out").json()["state"] == "checked_out"
    assert "long_entry" in alarms(story)
    log = given.staff.post(f"{given.visit}/time-log/agree").json()
    assert log["totals"][0]["agreed_min"] == 0


def test_nobody_is_at_two_visits_at_once(story):
    given = story.assigned()
    offers = story.town.offered(
        window={
            "start_at": (story.town.world.start + timedelta(hours=6)).isoformat(),
            "end_at": (story.town.world.start + timedelta(hours=9)).isoformat(),
        }
    )[1]
    theirs = next(each for each in offers if each.technician_id == given.technician_id)
    other = story.taken({"id": str(theirs.job_id)}, theirs)
    given.technician.post(f"{given.visit}/check-in", {"at": minutes_ago(60)})
    refused = other.technician.post(f"{other.visit}/check-in")
    assert refused.status_code == 409
    assert given.visit_id in refused.json()["detail"]
    given.technician.post(f"{given.visit}/check-out", {"at": minutes_ago(30)})
    assert other.technician.post(f"{other.visit}/check-in", {"at": minutes_ago(45)}).status_code == 409
    assert other.technician.post(f"{other.visit}/check-in", {"at": minutes_ago(29)}).status_code == 200


def test_what_there_is_to_know_of_the_site_is_told_by_and_by(story):
    town = story.town
    site = f"/v1/sites/{town.world.site}"
    more = {
        "contacts": [{"name": "The night porter", "role": "keys", "phone": "+14325550148"}],
        "hazards": [{"code": "asbestos", "note": "Ceiling of the plant room"}],
        "opening_hours": {
            "weekly": {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
        },
        "access": "Ring at the rear door",
    }
    assert town.staff.patch(site, more, town.staff.get(site).headers["ETag"]).status_code == 200
    bad = {"contacts": [{"name": "The night porter", "phone": "12"}]}
    assert town.staff.patch(site, bad, town.staff.get(site).headers["ETag"]).status_code == 422
    job, offers = town.offered(policy={"wave": {"min_size": 2, "max_size": 2}})
    given = story.taken(job, offers[0])
    asked, nobody = town.by_id(offers[1].technician_id), town.technician(7)
    seen = asked.get(given.visit).json()
    assert (seen["site"]["place"]["town"], seen["site"]["place"]["address"]) == ("Alpine", None)
    assert seen["site"]["contacts"] is None
    assert seen["people"] == []
    door = given.technician.get(given.visit).json()["site"]
    assert (door["place"]["access"], door["contacts"][0]["phone"]) == ("Ring at the rear door", "+14325550148")
    assert door["hazards"] == [{"code": "asbestos", "note": "Ceiling of the plant room"}]
    assert door["on_the_day"]["spans"] in (["08:00-17:00"], [])
    assert nobody.get(given.visit).status_code == 404
    assert town.stranger.get(given.visit).status_code == 404
    assert given.staff.get(given.visit).json()["people"][0]["presence"] == "assigned"


def test_the_day_in_order_with_the_way_between_in_the_technicians_own_zone(story):
    first = story.assigned()
    offers = story.town.offered(
        site_id=story.another_site(lat=30.3585, lng=-103.6200),
        window={
            "start_at": (story.town.world.start + timedelta(hours=5)).isoformat(),
            "end_at": (story.town.world.start + timedelta(hours=8)).isoformat(),
        },
    )[1]
    theirs = next(each for each in offers if each.technician_id == first.technician_id)
    second = story.taken({"id": str(theirs.job_id)}, theirs)
    day = story.town.world.start.astimezone(story.zone).date()
    plan = first.technician.get(f"/v1/day?date={day}").json()
    assert (plan["day"], plan["time_zone"]) == (day.isoformat(), str(story.zone))
    assert [each["visit_id"] for each in plan["stops"]] == [first.visit_id, second.visit_id]
    numbers = [story.town.staff.get(f"/v1/jobs/{each['job_id']}").json()["number"] for each in plan["stops"]]
    assert [each["number"] for each in plan["stops"]] == numbers
    # 1 km from home to the first, 4 km on to the second; told to the hundred metres.
    assert [each["distance_m"] for each in plan["stops"]] == [1000, 3900]
    assert all(each["travel_s"] > 0 and each["site"]["place"]["is_exact"] for each in plan["stops"])
    assert first.technician.get(f"/v1/day?date={day + timedelta(days=1)}").json()["stops"] == []
    other = f"/v1/day?date={day}&technician_id={first.technician_id}"
    assert story.town.technician(7).get(other).status_code == 422
    assert story.town.staff.get(other).status_code == 403
    assert story.town.key("gateway").get(other).json()["stops"] == plan["stops"]
