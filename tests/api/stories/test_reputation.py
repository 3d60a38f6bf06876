"""How a reputation comes about, how a person looks at it again, and how each side reads what is said of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from personal_data import assert_events_impersonal
from points import account_of, agrees_with_events, reckons, starts
from racing import race
from sqlalchemy import func, select, update
from trusting import fund

from dispatch.errors import Conflict
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import (
    AlarmRow,
    CompanyRow,
    EventRow,
    OutcomeRow,
    ReviewRow,
    StaffRow,
    TechnicianRow,
    new_id,
)
from dispatch.reputation.ratings import rate
from dispatch.reputation.reviews import answer, appeal
from dispatch.visits.completion import finish_job


@pytest.fixture
def network(town):
    """The operator of the network."""
    return town.key("operator")


def _points(given):
    return {each["part"]: each for each in account_of(given)["points"]}


def _comes(story, given, minutes):
    """The technician checks in so many minutes after the agreed start, which has come, and out again."""
    starts(story, given, minutes)
    given.does("check-in", "check-out")


def _finished(story, given, *, minutes=5, then="approve"):
    _comes(story, given, minutes)
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    more = {}
    if then == "send-back":
        due = datetime.now(UTC) + timedelta(days=2)
        more = {"items": ["The cover is loose"], "due_at": due.isoformat()}
    assert given.staff.post(f"{given.job_url}/{then}", more or None).status_code == 200


def _actor(given):
    return Actor("technician", given.technician_id, technician_id=given.technician_id)


def _rows(session, table):
    return session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_good_work_raises_a_newcomer_and_each_point_names_its_event(story):
    reckons(story)
    given = story.assigned()
    start = account_of(given)
    assert start["points"] == []
    assert start["score"] == pytest.approx(start["start"])
    assert start["low"] < start["score"] < start["high"]
    _finished(story, given)
    reckons(story)
    after = account_of(given)
    assert {each["part"]: (each["kind"], each["counts"]) for each in after["points"]} == {
        "kept": ("begun", True),
        "on_time": ("in_time", True),
        "completed": ("complete", True),
        "passed": ("approved", True),
    }
    assert after["score"] > start["score"]
    assert after["start"] + sum(each["points"] for each in after["points"]) == pytest.approx(after["score"], abs=1e-6)
    with story.town.world.as_engine() as (session, _):
        known = set(session.scalars(select(EventRow.id)))
        person = session.get_one(TechnicianRow, given.technician_id)
        assert {UUID(each["event_id"]) for each in after["points"]} <= known
        assert person.reputation == after["score"]
    agrees_with_events(story)


def test_coming_late_and_being_sent_back_cost_points_and_say_so_in_words(story):
    given = story.assigned()
    _finished(story, given, minutes=40, then="send-back")
    reckons(story)
    points = _points(given)
    assert points["on_time"]["kind"] == "late"
    assert points["on_time"]["points"] < 0
    assert "15 minutes" in points["on_time"]["words"]
    assert points["passed"]["kind"] == "sent_back"
    assert points["passed"]["points"] < 0
    assert points["kept"]["points"] > 0, "whoever comes late has come"
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    assert given.staff.post(f"{given.job_url}/approve").status_code == 200
    reckons(story)
    assert _points(given)["passed"]["kind"] == "sent_back", "approved in the end, it was sent back"
    agrees_with_events(story)


def test_while_the_pay_of_work_is_disputed_nothing_bad_of_it_counts(story):
    town, judge = story.town, new_id()
    with town.world.as_engine() as (session, now):
        session.add(StaffRow(id=judge, role="operator", name="Olga", email="olga@example.org", created_at=now))
    fund(town)
    given = story.assigned()
    _comes(story, given, 40)
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    payment = given.staff.get(f"/v1/payments?job_id={given.job['id']}").json()["items"][0]["id"]
    said = {"amount": "70.00", "note": "Came late, left early"}
    dispute = given.staff.post(
        f"/v1/payments/{payment}/dispute", {"amount": "70.00", "reason": "hours", "position": said}
    )
    assert dispute.status_code == 201, dispute.text
    reckons(story)
    late = _points(given)["on_time"]
    assert (late["kind"], late["why_not"], late["points"]) == ("late", "pay_disputed", 0.0)
    decided = town.key("operator", staff_id=judge).post(
        f"/v1/disputes/{dispute.json()['id']}/decide", {"awarded": "35.00", "note": "Half"}
    )
    assert decided.status_code == 200, decided.text
    reckons(story)
    assert _points(given)["on_time"]["points"] < 0
    agrees_with_events(story)


@pytest.mark.parametrize(
    ("why", "hours", "kind", "severity", "why_not"),
    [
        ("sick", 30, "early_back_out", 0.5, None),
        ("sick", 2, "back_out", 1.0, None),
        ("unsafe", 2, "back_out", 1.0, "in_review"),
        ("client_changed", 2, "back_out", 1.0, "in_review"),
    ],
)
def test_handing_back_weighs_by_when_and_by_whose_doing_it_was(story, why, hours, kind, severity, why_not):
    given = story.assigned()
    starts(story, given, -60 * hours)
    assert given.technician.post(f"/v1/assignments/{given.assignment_id}/back-out", {"why": why}).status_code == 200
    reckons(story)
    (point,) = account_of(given)["points"]
    assert (point["kind"], point["why_not"], point["counts"]) == (kind, why_not, why_not is None)
    with story.town.world.as_engine() as (session, _):
        assert session.scalars(select(OutcomeRow.severity)).all() == [severity]
    assert (point["points"] == 0) is (why_not is not None)
    agrees_with_events(story)


def test_who_does_not_come_loses_most_and_a_client_who_cancels_takes_nothing(story):
    gone, cancelled = story.assigned(), story.assigned()
    starts(story, gone, 30)
    assert gone.staff.post(f"{gone.visit}/no-show", {"why": "called_no_answer"}).status_code == 200
    assert cancelled.staff.post(f"{cancelled.job_url}/cancel", {"why": "duplicate"}).status_code == 200
    reckons(story)
    (point,) = [each for each in account_of(gone)["points"] if each["kind"] == "no_show"]
    assert point["points"] < 0
    with story.town.world.as_engine() as (session, _):
        rows = session.scalars(select(OutcomeRow)).all()
        assert [(row.kind, row.severity) for row in rows] == [("no_show", 3.0)]
        assert rows[0].assignment_id == UUID(gone.assignment_id)


def test_silence_and_a_no_leave_no_trace(story):
    _, offers = story.town.offered()
    no, silent = offers[0].technician_id, offers[1].technician_id
    assert story.town.by_id(no).post(f"/v1/offers/{offers[0].id}/decline", {"reason": "busy"}).status_code == 200
    story.time_passes("UPDATE offers SET sent_at = now() - interval '1 day', expires_at = now() - interval '1 hour'")
    story.town.world.send_waves()
    reckons(story)
    with story.town.world.as_engine() as (session, _):
        assert session.scalars(select(OutcomeRow)).all() == []
        found = select(TechnicianRow.reputation).where(TechnicianRow.id.in_([no, silent]))
        assert len(set(session.scalars(found))) == 1


def test_what_the_client_or_danger_kept_from_starting_waits_for_a_person_and_does_not_count(story):
    given = story.assigned()
    starts(story, given, 5)
    given.does("check-in")
    ending = {"outcome": "could_not_start", "why": "no_access", "note": "Nobody opened"}
    assert given.technician.post(f"{given.visit}/check-out", ending).status_code == 200
    reckons(story)
    point = _points(given)["completed"]
    assert (point["counts"], point["why_not"], point["points"]) == (False, "in_review", 0)
    account = given.staff.get(f"/v1/clients/{story.town.world.client}/reputation").json()
    assert (account["sites_not_ready"], account["late_cancellations"]) == (1, 0)
    (point,) = account["points"]
    assert (point["kind"], point["why"], point["job_id"]) == ("site_not_ready", "no_access", given.job["id"])


def test_a_client_sees_its_own_late_cancellations_and_nobody_elses(story):
    given = story.assigned()
    starts(story, given, -60)
    assert given.staff.post(f"{given.job_url}/cancel", {"why": "customer_closed"}).status_code == 200
    mine = given.staff.get(f"/v1/clients/{story.town.world.client}/reputation").json()
    assert (mine["num_assignments"], mine["late_cancellations"]) == (1, 1)
    theirs = story.town.stranger.get(f"/v1/clients/{story.town.globex}/reputation").json()
    assert (theirs["num_assignments"], theirs["points"]) == (0, [])
    assert story.town.stranger.get(f"/v1/clients/{story.town.world.client}/reputation").status_code == 404
    assert given.technician.get(f"/v1/clients/{story.town.world.client}/reputation").status_code == 403


def test_a_client_that_approves_late_reads_so(story):
    given = story.assigned()
    _comes(story, given, 5)
    account = f"/v1/clients/{story.town.world.client}/reputation"
    with story.town.world.as_engine() as (session, now):
        finish_job(session, _actor(given), UUID(given.job["id"]), now=now - timedelta(days=8))
    found = given.staff.get(account).json()
    assert [(each["kind"], each["why"]) for each in found["points"]] == [("slow_approval", "still_open")]
    assert given.staff.post(f"{given.job_url}/approve").status_code == 200
    found = given.staff.get(account).json()
    assert [(each["kind"], each["why"]) for each in found["points"]] == [("slow_approval", "late")]


def test_ratings_are_hidden_until_both_have_rated_and_then_count(story):
    given = story.assigned()
    ratings = f"{given.visit}/ratings"
    early = given.staff.post(ratings, {"stars": 5})
    assert early.status_code == 409
    assert given.technician.get(ratings).json() == {"items": [], "rate_until": None}
    _comes(story, given, 5)
    reckons(story)
    until = given.technician.get(ratings).json()["rate_until"]
    assert until is not None
    first = given.staff.post(f"{given.visit}/ratings", {"stars": 2})
    assert (first.status_code, first.json()["is_shown"]) == (201, False)
    assert given.staff.post(f"{given.visit}/ratings", {"stars": 5}).status_code == 409, "never changed"
    own = given.staff.get(ratings).json()
    assert ([each["stars"] for each in own["items"]], own["rate_until"]) == ([2], None)
    assert given.technician.get(ratings).json() == {"items": [], "rate_until": until}, "hidden from the other side"
    assert story.town.stranger.get(ratings).status_code == 404
    reckons(story)
    assert "rated" not in _points(given)
    told = str(story.told("visit", "rated"))
    assert "stars" not in told
    with transaction(story.town.world.engine, _actor(given)) as session:
        assert _rows(session, "ratings") == 0, "row-level security hides it from the technician"
    second = given.technician.post(f"{given.visit}/ratings", {"stars": 4})
    assert (second.status_code, second.json()["is_shown"]) == (201, True)
    both = given.technician.get(ratings).json()
    assert [(each["by_side"], each["stars"]) for each in both["items"]] == [("client", 2), ("technician", 4)]
    assert both["rate_until"] is None
    with transaction(story.town.world.engine, _actor(given)) as session:
        assert _rows(session, "ratings") == 2
    (shown,) = story.told("visit", "ratings_shown")
    assert (shown["by_client"], shown["by_technician"]) == (2, 4)
    reckons(story)
    rated = _points(given)["rated"]
    assert (rated["kind"], rated["points"] < 0) == ("stars_2", True)
    account = given.staff.get(f"/v1/clients/{story.town.world.client}/reputation").json()
    assert [each["stars"] for each in account["given"]] == [2]
    assert account["mean_stars"] is None, "the mean of one rating is that rating"


def test_one_rating_alone_is_shown_when_the_time_is_over_and_none_comes_after(story):
    given = story.assigned()
    _comes(story, given, 5)
    assert given.staff.post(f"{given.visit}/ratings", {"stars": 5}).status_code == 201
    reckons(story)
    assert story.told("visit", "ratings_shown") == []
    story.time_passes(
        "UPDATE visits SET checked_in_at = checked_in_at - interval '15 days',"
        " checked_out_at = checked_out_at - interval '15 days'"
    )
    story.time_passes("UPDATE ratings SET show_at = show_at - interval '15 days'")
    late = given.technician.post(f"{given.visit}/ratings", {"stars": 1})
    assert (late.status_code, "closed" in late.text) == (409, True)
    reckons(story)
    reckons(story)
    (shown,) = story.told("visit", "ratings_shown")
    assert (shown["by_client"], shown["by_technician"]) == (5, None)
    assert _points(given)["rated"]["kind"] == "stars_5"


@pytest.mark.parametrize("stars", [0, 6, -1, 2.5, "5", True, None])
def test_stars_that_are_none_are_refused(story, stars):
    given = story.assigned()
    _comes(story, given, 5)
    assert given.staff.post(f"{given.visit}/ratings", {"stars": stars}).status_code == 422


def test_strangers_and_who_never_came_rate_nothing(story):
    given = story.taken_with_backup()
    other = story.town.by_id(given.backup_id)
    _comes(story, given, 5)
    assert story.town.stranger.post(f"{given.visit}/ratings", {"stars": 1}).status_code == 404
    assert other.post(f"{given.visit}/ratings", {"stars": 1}).status_code == 404


def test_an_appeal_sets_aside_until_a_person_has_answered_and_deletes_nothing(story, network):
    given = story.assigned()
    _comes(story, given, 40)
    reckons(story)
    late = _points(given)["on_time"]
    with story.town.world.as_engine() as (session, _):
        before = session.scalar(select(func.count()).select_from(EventRow))
    made = given.technician.post("/v1/appeals", {"event_id": late["event_id"], "words": "The gate was shut"})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["is_late"]) == ("open", False)
    due = datetime.fromisoformat(made.json()["due_at"]) - datetime.fromisoformat(made.json()["made_at"])
    assert due == timedelta(days=14)
    reckons(story)
    aside = _points(given)["on_time"]
    assert (aside["counts"], aside["why_not"], aside["review_state"]) == (False, "disputed", "open")
    assert _points(given)["kept"]["counts"], "what speaks for them on the same event stays"
    review = f"/v1/reviews/{made.json()['id']}/answer"
    refused = given.staff.post(review, {"verdict": "rejected", "words": "No"})
    assert (refused.status_code, "network's operator" in refused.text) == (409, True)
    assert given.technician.post(review, {"verdict": "upheld", "words": "Yes"}).status_code == 403
    (queued,) = network.get("/v1/reviews", params={"state": "open"}).json()["items"]
    assert (queued["words"], queued["moves"]) == ("The gate was shut", ["answer"])
    done = network.post(review, {"verdict": "upheld", "words": "The store confirms it"})
    assert (done.status_code, done.json()["state"], done.json()["answer"]) == (200, "upheld", "The store confirms it")
    again = network.post(review, {"verdict": "rejected", "words": "No, after all"})
    assert again.status_code == 409
    reckons(story)
    corrected = _points(given)["on_time"]
    assert (corrected["why_not"], corrected["points"], corrected["event_id"]) == ("corrected", 0, late["event_id"])
    with story.town.world.as_engine() as (session, _):
        assert session.scalar(select(func.count()).select_from(EventRow)) >= before + 2
        kinds = select(EventRow.kind).where(EventRow.subject_kind == "appeal").order_by(EventRow.seq)
        assert session.scalars(kinds).all() == ["made", "upheld"]
        assert_events_impersonal(session)
    agrees_with_events(story)


def test_a_rejected_appeal_counts_again_and_cannot_be_repeated(story, network):
    given = story.assigned()
    _comes(story, given, 40)
    reckons(story)
    late = _points(given)["on_time"]
    wish = {"event_id": late["event_id"], "words": "Traffic"}
    review = given.technician.post("/v1/appeals", wish).json()
    answered = network.post(f"/v1/reviews/{review['id']}/answer", {"verdict": "rejected", "words": "Plan for traffic"})
    assert answered.status_code == 200
    reckons(story)
    point = _points(given)["on_time"]
    assert point["counts"]
    assert point["points"] == pytest.approx(late["points"], abs=1e-4)
    assert given.technician.post("/v1/appeals", wish).status_code == 409
    mine = given.technician.get("/v1/reviews").json()["items"]
    assert [(each["state"], each["answer"]) for each in mine] == [("rejected", "Plan for traffic")]


def test_an_appeal_against_nothing_of_ones_own_is_refused_in_words(story):
    given = story.assigned()
    _comes(story, given, 5)
    reckons(story)
    other = story.town.technician(7)
    good = _points(given)["kept"]["event_id"]
    posted = story.told("job", "posted") and str(uuid4())
    for caller, event, status in (
        (given.technician, str(uuid4()), 404),
        (given.technician, posted, 404),
        (other, good, 404),
        (given.technician, good, 422),
        (given.technician, "no-id", 422),
    ):
        refused = caller.post("/v1/appeals", {"event_id": event, "words": "It was not so"})
        assert refused.status_code == status, refused.text
    unknown = given.technician.post("/v1/appeals", {"event_id": str(uuid4()), "words": "It was not so"})
    assert "no outcome of yours that stands on event" in unknown.text
    for words in ("", "   ", None, "x" * 4_001):
        assert given.technician.post("/v1/appeals", {"event_id": good, "words": words}).status_code == 422
    assert given.staff.post("/v1/appeals", {"event_id": good, "words": "It was not so"}).status_code == 403


def test_an_outcome_that_was_erased_cannot_be_appealed_against(story):
    given = story.assigned()
    _comes(story, given, 40)
    reckons(story)
    late = _points(given)["on_time"]["event_id"]
    story.time_passes("DELETE FROM outcomes")
    refused = given.technician.post("/v1/appeals", {"event_id": late, "words": "The gate was shut"})
    assert (refused.status_code, "stands on event" in refused.text) == (404, True)
    with story.town.world.as_engine() as (session, _):
        assert session.scalars(select(ReviewRow)).all() == []


def test_of_many_appeals_at_once_one_is_made_and_of_many_answers_one_holds(story):
    given = story.assigned()
    _comes(story, given, 40)
    reckons(story)
    event, world = UUID(_points(given)["on_time"]["event_id"]), story.town.world

    def appeals():
        with world.as_engine() as (session, now):
            return appeal(session, _actor(given), event, "The gate was shut", now=now).id

    made = race([appeals] * 8)
    assert sum(isinstance(each, UUID) for each in made) == 1
    assert sum(isinstance(each, Conflict) for each in made) == 7
    review = next(each for each in made if isinstance(each, UUID))
    operator = Actor("operator", uuid4())

    def answers(verdict):
        with world.as_engine() as (session, now):
            return answer(session, operator, review, verdict, "Said", now=now).state

    said = race([lambda verdict=verdict: answers(verdict) for verdict in ("upheld", "rejected") * 4])
    assert sum(isinstance(each, str) for each in said) == 1
    assert sum(isinstance(each, Conflict) for each in said) == 7
    with world.as_engine() as (session, _):
        kinds = session.scalars(select(EventRow.kind).where(EventRow.subject_kind == "appeal")).all()
        assert len(kinds) == 2


def test_two_sides_that_rate_at_once_are_shown_once(story):
    given = story.assigned()
    _comes(story, given, 5)
    world = story.town.world

    def rates(actor, stars):
        with world.as_engine() as (session, now):
            return rate(session, actor, UUID(given.visit_id), stars, now=now).is_shown

    both = [lambda: rates(world.staff, 5), lambda: rates(_actor(given), 3)]
    answers = race(both * 3)
    assert sorted(each for each in answers if isinstance(each, bool)) == [False, True]
    assert len(story.told("visit", "ratings_shown")) == 1


def test_a_technician_reads_the_decision_about_them_and_a_person_answers_by_a_date(story, network):
    given = story.taken_with_backup()
    loser = story.town.by_id(given.backup_id)
    offers = loser.get("/v1/offers").json()["items"]
    offer = next(each for each in offers if each["job_id"] == given.job["id"])
    told = loser.get(f"/v1/offers/{offer['id']}/decision")
    assert told.status_code == 200, told.text
    told = told.json()
    assert (told["was_asked"], told["may"], told["outcome"]) == (True, True, "not_chosen")
    weights = {each["name"]: each for each in told["weights"]}
    assert {"travel", "reputation", "skill"} <= set(weights)
    assert "preference" not in weights, "whether they are somebody's favourite is not theirs to know"
    assert told["total"] == pytest.approx(sum(each["part"] for each in told["weights"]))
    assert all(each["holds"] for each in told["rules"])
    assert given.technician.get(f"/v1/offers/{offer['id']}/decision").status_code == 404
    wish = {"decision_id": told["decision_id"], "words": "I live closer"}
    assert story.town.technician(7).post("/v1/reviews", {**wish, "decision_id": str(uuid4())}).status_code == 404
    asked = loser.post("/v1/reviews", wish)
    assert (asked.status_code, asked.json()["about"]) == (201, "decision")
    assert loser.post("/v1/reviews", wish).status_code == 409
    review = asked.json()["id"]
    assert loser.get(f"/v1/offers/{offer['id']}/decision").json()["review_id"] == review
    assert (
        story.town.stranger.post(f"/v1/reviews/{review}/answer", {"verdict": "upheld", "words": "x"}).status_code == 404
    )
    reckons(story)
    assert story.alarms("review_late") == []
    story.time_passes("UPDATE reviews SET due_at = now() - interval '1 minute'")
    reckons(story)
    reckons(story)
    assert story.alarms("review_late") == [review]
    assert given.staff.get("/v1/reviews", params={"state": "open"}).json()["items"][0]["is_late"]
    done = given.staff.post(f"/v1/reviews/{review}/answer", {"verdict": "rejected", "words": "The other was first"})
    assert done.status_code == 200, done.text
    assert story.alarms("review_late") == []
    with story.town.world.as_engine() as (session, _):
        cleared = session.scalars(select(AlarmRow.cleared_why).where(AlarmRow.kind == "review_late")).all()
        assert cleared == ["rejected"]
        kinds = select(EventRow.kind).where(EventRow.subject_kind == "review").order_by(EventRow.seq)
        assert session.scalars(kinds).all() == ["made", "rejected"]


def test_others_read_no_technicians_account(story):
    given = story.assigned()
    url = f"/v1/technicians/{given.technician_id}/reputation"
    assert story.town.technician(7).get(url).status_code == 404
    assert given.staff.get(url).status_code == 403
    assert story.town.key("operator").get(url).status_code == 200


def test_a_company_has_a_decision_about_its_people_looked_at_and_says_about_whom(town):
    with town.world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).one()
        people = town.world.technicians[:2]
        session.execute(update(TechnicianRow).where(TechnicianRow.id.in_(people)).values(company_id=company))
    town.app.state.parts.refresh()
    job, offers = town.offered()
    assert set(people) < {each.technician_id for each in offers}
    firm, alone = town.key("company", company_id=company), town.by_id(offers[-1].technician_id)
    [decision] = town.staff.get(f"/v1/jobs/{job['id']}/decisions").json()["items"]
    wish = {"decision_id": decision["id"], "words": "Both live next door."}
    vague = firm.post("/v1/reviews", wish)
    assert (vague.status_code, vague.json()["errors"][0]["path"]) == (422, "/technician_id")
    stranger = {**wish, "technician_id": str(offers[-1].technician_id)}
    assert offers[-1].technician_id not in people
    assert firm.post("/v1/reviews", stranger).status_code == 404
    assert alone.post("/v1/reviews", {**wish, "technician_id": str(people[0])}).status_code == 404
    made = firm.post("/v1/reviews", {**wish, "technician_id": str(people[1])})
    assert made.status_code == 201, made.text
    [waits] = town.key("operator").get("/v1/reviews").json()["items"]
    assert (waits["id"], waits["about"]) == (made.json()["id"], "decision")
