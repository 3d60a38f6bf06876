"""Changes after assignment that nobody can agree to, and who may say what: over HTTP."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update
from town import Caller, Town
from worlds import ZONE

from dispatch.record.tables import (
    CompanyRow,
    CredentialRow,
    OfferRow,
    RoundRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
    new_id,
)

_days = itertools.count(0)
USD = {"kind": "fixed", "amount": "150.00", "currency": "USD"}
NOBODY = "01973b2e-7c1a-7000-8000-0000000000ff"


class Work:
    """A job of its own day, that a technician has: where to speak of it."""

    def __init__(self, town: Town, num: int = 0, **job: Any) -> None:
        self.town = town
        start = town.world.start + timedelta(days=next(_days))
        window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
        self.job, offers = town.offered(**{"window": window} | job)
        self.offers = sorted(offers, key=lambda offer: offer.rank)
        self.technician = town.by_id(self.offers[num].technician_id)
        self.technician_id = self.offers[num].technician_id
        answer = self.technician.post(f"/v1/offers/{self.offers[num].id}/accept", {"terms_version": 1}).json()
        self.visit, self.assignment = f"/v1/visits/{answer['visit_id']}", answer["assignment_id"]
        self.start = datetime.fromisoformat(answer["start_at"])

    def proposes(self, who: Caller, **wish: Any) -> str:
        made = who.post(f"{self.visit}/proposals", wish or {"time": {"start_at": self.later(hours=1)}})
        assert made.status_code == 201, made.text
        return f"/v1/proposals/{made.json()['id']}"

    def later(self, **by: float) -> str:
        return (self.start + timedelta(**by)).isoformat()


@pytest.fixture(scope="module")
def shared(calm_town: Town) -> Work:
    """One for the tests that change nothing of it."""
    return Work(calm_town)


def refused(answer: Any, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert words in answer.text, answer.text


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, "propose a time, a place, a scope, a pay"),
        ({"reason": "none"}, "propose a time"),
        ({"time": {"start_at": "2020-01-01T10:00:00Z"}}, "/time/start_at"),
        ({"time": {"start_at": "2099-01-01T10:00:00Z"}}, "within 366 days"),
        ({"time": {"start_at": "2027-03-01T10:00:00"}}, "offset from UTC"),
        ({"time": {}}, "/time/start_at"),
        ({"place": {"site_id": NOBODY}}, "/place/site_id"),
        ({"place": {"site_id": "store 5"}}, "/place/site_id"),
        ({"scope": {}}, "name duration_min, description or needs"),
        ({"scope": {"duration_min": 0}}, "/scope/duration_min"),
        ({"scope": {"duration_min": 20_161}}, "/scope/duration_min"),
        ({"scope": {"duration_min": 60.5}}, "/scope/duration_min"),
        ({"scope": {"needs": {"skills": {"juggling": 2}}}}, "/scope/needs/skills"),
        ({"scope": {"needs": {"market": False}}}, "/scope/needs/pools"),
        ({"scope": {"description": "turn \u202e me"}}, "/scope/description"),
        ({"pay": {**USD, "currency": "EUR"}}, "/pay/currency"),
        ({"pay": {**USD, "amount": "150.005"}}, "/pay/amount"),
        ({"pay": {**USD, "amount": "-1"}}, "/pay/amount"),
        ({"pay": {**USD, "amount": "NaN"}}, "/pay/amount"),
        ({"pay": {**USD, "amount": "140.00"}}, "differs from what is agreed"),
        ({"pay": USD, "note": "x" * 1001}, "/note"),
        ({"pay": USD, "reason": "too many words"}, "/reason"),
        ({"pay": USD, "fee": 5}, "/fee"),
        ({"pay": USD, "assignment_id": "mine"}, "/assignment_id"),
    ],
)
def test_what_cannot_be_agreed_to_is_refused_by_its_field(shared: Work, wish: dict[str, Any], words: str) -> None:
    refused(shared.town.staff.post(f"{shared.visit}/proposals", wish), 422, words)


def test_the_agreed_start_another_clients_site_and_a_place_nobody_told_are_refused(shared: Work) -> None:
    town = shared.town
    same = {"time": {"start_at": shared.start.isoformat()}, "scope": {"duration_min": 120, "description": ""}}
    refused(town.staff.post(f"{shared.visit}/proposals", same), 422, "differs from what is agreed")
    for site in (town.globex_site, town.world.site):
        elsewhere = {"place": {"site_id": str(site)}}
        status = town.staff.post(f"{shared.visit}/proposals", elsewhere)
        refused(status, 422, "/place/site_id" if site == town.globex_site else "differs")
    with town.world.as_engine() as (session, _):
        known = session.get_one(SiteRow, town.world.site)
        same_columns = {each.name: getattr(known, each.name) for each in SiteRow.__table__.columns if not each.computed}
        unknown = new_id()
        session.execute(insert(SiteRow).values({**same_columns, "id": unknown, "store_number": "1150"}))
    wish = {"place": {"site_id": str(unknown)}}
    refused(shared.technician.post(f"{shared.visit}/proposals", wish), 422, "that you know")


def test_nobody_else_finds_a_visit_or_its_proposals(calm_town: Town) -> None:
    work = Work(calm_town)
    made = work.proposes(calm_town.staff)
    other = calm_town.by_id(next(each for each in calm_town.world.technicians if each != work.technician_id))
    for stranger in (other, calm_town.stranger):
        wish = {"time": {"start_at": work.later(hours=1)}}
        assert stranger.post(f"{work.visit}/proposals", wish).status_code == 404
        assert stranger.get(f"{work.visit}/proposals").status_code == (404 if stranger == calm_town.stranger else 200)
        assert stranger.get("/v1/proposals").json()["items"] == []
        assert stranger.get(f"{work.visit}/suggestions").status_code == 404
        assert stranger.get(made).status_code == 404
        assert stranger.post(f"{made}/accept").status_code == 404
        for wish_ in ("refuse", "withdraw"):
            assert stranger.post(f"{made}/{wish_}", {"why": "x"}).status_code == 404
    requester = calm_town.key("requester", client_id=calm_town.world.client)
    assert requester.post(f"{made}/accept").status_code == 403
    refused(calm_town.staff.post(f"{work.visit}/proposals", {"pay": USD, "assignment_id": NOBODY}), 404, "assignment")


def test_only_the_other_side_answers_and_only_the_own_side_takes_back(calm_town: Town) -> None:
    work = Work(calm_town)
    for mine, theirs in ((calm_town.staff, work.technician), (work.technician, calm_town.staff)):
        made = work.proposes(mine)
        assert mine.get(made).json()["moves"] == ["withdraw"]
        assert theirs.get(made).json()["moves"] == ["accept", "refuse"]
        for answer in (
            mine.post(f"{made}/accept"),
            mine.post(f"{made}/refuse", {"why": "x"}),
            theirs.post(f"{made}/withdraw", {"why": "x"}),
        ):
            assert (answer.status_code, answer.json()["rules"]) == (409, ["wrong_side"])
        assert mine.get(made).json()["state"] == "open"
        refused(mine.post(f"{work.visit}/proposals", {"pay": USD}), 409, "withdraw the first")
        assert mine.post(f"{made}/withdraw", {"why": "second_thought"}).json()["state"] == "withdrawn"
        late = theirs.post(f"{made}/accept")
        assert (late.status_code, late.json()["state"]) == (409, "withdrawn")


def test_once_somebody_is_there_nothing_is_proposed_or_agreed_any_more(calm_town: Town) -> None:
    work = Work(calm_town)
    made = work.proposes(calm_town.staff)
    assert work.technician.post(f"{work.visit}/check-in").status_code == 200
    for answer in (
        work.technician.post(f"{made}/accept"),
        work.technician.post(f"{work.visit}/proposals", {"pay": USD}),
        calm_town.staff.get(f"{work.visit}/suggestions"),
    ):
        assert (answer.status_code, answer.json()["state"]) == (409, "checked_in"), answer.text
    assert work.technician.post(f"{work.visit}/check-out").status_code == 200


def test_after_the_agreed_start_only_another_time_is_proposed_and_until_it_comes(calm_town: Town) -> None:
    work = Work(calm_town)
    with calm_town.world.as_engine() as (session, now):
        from_table = {"visit": work.visit.rsplit("/", 1)[1], "start": now - timedelta(minutes=5)}
        session.connection().exec_driver_sql(
            "UPDATE assignments SET start_at = %(start)s WHERE visit_id = %(visit)s", from_table
        )
    refused(calm_town.staff.post(f"{work.visit}/proposals", {"pay": USD}), 409, "the agreed start has passed")
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    made = calm_town.staff.post(f"{work.visit}/proposals", {"time": {"start_at": soon}}).json()
    assert made["expires_at"] == made["start_at"]


def _fails(work: Work, wish: dict[str, Any]) -> list[str]:
    """The rules that the technician, and then the dispatcher, reads when the other's proposal is accepted."""
    told = []
    for mine, theirs in ((work.town.staff, work.technician), (work.technician, work.town.staff)):
        made = work.proposes(mine, **wish)
        answer = theirs.post(f"{made}/accept")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_eligible"), answer.text
        told.append(",".join(answer.json()["rules"]))
        assert mine.get(made).json()["state"] == "open", "it may be answered otherwise"
        assert mine.post(f"{made}/withdraw", {"why": "impossible"}).status_code == 200
    assignment = work.technician.get(f"/v1/assignments?job_id={work.job['id']}").json()["items"][0]
    assert (assignment["terms_version"], assignment["state"]) == (1, "live")
    assert datetime.fromisoformat(assignment["start_at"]) == work.start
    return told


def test_every_rule_is_judged_again_before_anything_is_agreed(town: Town) -> None:
    with town.world.as_engine() as (session, now):
        first = session.scalars(select(TechnicianRow).where(TechnicianRow.id == town.world.technicians[0])).one()
        proof = {"technician_id": first.id, "kind": "background_check", "state": "verified", "created_at": now}
        until = (town.world.start + timedelta(days=40)).date()
        session.execute(
            insert(CredentialRow).values(id=new_id(), valid_from=date(2020, 1, 1), valid_until=until, **proof)
        )
        first.min_hourly, first.radius_km = Decimal("60.00"), 50.0
    needs = {"skills": {"hvac": 2}, "credentials": ["background_check"]}
    work = Work(town, slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
    assert work.technician_id == town.world.technicians[0]
    other = Work(town, slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
    assert _fails(work, {"time": {"start_at": work.later(days=60)}})[0] == "credential"
    assert _fails(work, {"pay": {**USD, "amount": "119.00"}})[0] == "rate"
    assert _fails(work, {"scope": {"duration_min": 180}})[0] == "rate", "the same pay for more work"
    assert _fails(work, {"time": {"start_at": (other.start + timedelta(minutes=60)).isoformat()}})[0] == "free"
    assert _fails(work, {"scope": {"needs": {"skills": {"hvac": 5}}}})[0] == "level"
    assert _fails(work, {"scope": {"needs": {"skills": {"wifi": 1}}}})[0] == "skill"


def test_a_new_time_ends_the_offers_of_the_places_still_open_and_asks_anew(town: Town) -> None:
    slots = [{"count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}]
    work = Work(town, slots=slots)
    made = work.proposes(town.staff, time={"start_at": work.later(days=1)})
    assert work.technician.post(f"{made}/accept").status_code == 200
    with town.world.as_engine() as (session, _):
        assert set(session.scalars(select(OfferRow.state))) == {"accepted", "withdrawn"}
        assert session.scalars(select(RoundRow.opened_why).where(RoundRow.closed_at.is_(None))).all() == [
            "terms_changed"
        ]
        visit = session.scalars(select(VisitRow)).one()
        assert visit.window_start_at == visit.planned_start_at == work.start + timedelta(days=1)
    assert town.world.send_waves() == 1
    assert {offer.terms_version for offer in town.world.offers() if offer.state == "sent"} == {2}


def test_of_several_on_a_visit_one_is_named_and_nobody_moves_the_others_to_another_site(town: Town) -> None:
    slots = [{"count": 2, "needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}]
    work = Work(town, slots=slots)
    second = town.by_id(work.offers[1].technician_id)
    taken = second.post(f"/v1/offers/{work.offers[1].id}/accept", {"terms_version": 1})
    assert taken.status_code == 200
    later = {"time": {"start_at": work.later(hours=1)}}
    refused(town.staff.post(f"{work.visit}/proposals", later), 422, "/assignment_id")
    refused(town.staff.get(f"{work.visit}/suggestions"), 422, "assignment_id")
    site = {"store_number": "1149", "name": "Store 1149", "address": "2 Second St", "town": "Alpine", "region": "TX",
            "postcode": "79830", "lat": 30.36, "lng": -103.66}  # fmt: skip
    made = town.staff.post("/v1/sites", site).json()["id"]
    move = {"place": {"site_id": made}, "assignment_id": work.assignment}
    answer = town.staff.post(f"{work.visit}/proposals", move)
    assert (answer.status_code, answer.json()["rules"]) == (409, ["others_on_job"])
    mine = work.proposes(work.technician, **later)
    assert town.staff.post(f"{mine}/accept").status_code == 200
    with town.world.as_engine() as (session, _):
        visit = session.scalars(select(VisitRow)).one()
        assert visit.planned_start_at == work.start, "the other comes as agreed"
        assert visit.planned_end_at == work.start + timedelta(hours=3)


@pytest.mark.parametrize(
    "query", ["num=0", "num=21", "step_min=20", "step_min=x", "after=tomorrow", "assignment_id=mine"]
)
def test_suggestions_are_asked_for_within_limits(shared: Work, query: str) -> None:
    assert shared.technician.get(f"{shared.visit}/suggestions?{query}").status_code == 422


def test_suggestions_keep_to_the_sites_hours_and_leave_out_what_is_agreed(shared: Work) -> None:
    town = shared.town
    after = f"after={shared.start:%Y-%m-%dT%H:%M:%SZ}"
    before = town.staff.get(f"{shared.visit}/suggestions?num=20&{after}").json()["items"]
    assert datetime.fromisoformat(before[0]["start_at"]) > shared.start
    with town.world.as_engine() as (session, _):
        hours = {"weekly": {"wed": ["09:00-12:00"]}, "on_holidays": "open"}
        session.execute(update(SiteRow).where(SiteRow.id == town.world.site).values(opening_hours=hours))
    found = shared.technician.get(f"{shared.visit}/suggestions?num=20&step_min=30").json()["items"]
    with town.world.as_engine() as (session, _):
        session.execute(update(SiteRow).where(SiteRow.id == town.world.site).values(opening_hours=None))
    starts = [datetime.fromisoformat(each["start_at"]) for each in found]
    assert starts
    local = [each.astimezone(ZoneInfo(ZONE)) for each in starts]
    assert {(each.weekday(), each.hour, each.minute) for each in local} == {(2, 9, 0), (2, 9, 30), (2, 10, 0)}


def test_only_a_company_sends_a_substitute_and_only_one_of_its_own_who_may(town: Town) -> None:
    everybody = town.world.technicians
    with town.world.as_engine() as (session, now):
        company, other = session.scalars(select(CompanyRow.id)).one(), new_id()
        session.execute(insert(CompanyRow).values(id=other, name="Others", created_at=now))
        session.execute(update(TechnicianRow).values(company_id=company))
        session.execute(update(TechnicianRow).where(TechnicianRow.id == everybody[7]).values(company_id=other))
        session.execute(update(TechnicianRow).where(TechnicianRow.id == everybody[6]).values(state="suspended"))
    work, boss = Work(town), town.key("company", company_id=company)
    address = f"/v1/assignments/{work.assignment}/substitute"
    assert work.technician.post(address, {"worker_id": str(everybody[5])}).status_code == 403
    assert town.key("company", company_id=other).post(address, {"worker_id": str(everybody[7])}).status_code == 404
    for worker in (everybody[7], NOBODY, work.technician_id):
        refused(boss.post(address, {"worker_id": str(worker)}), 422, "/worker_id")
    unfit = boss.post(address, {"worker_id": str(everybody[6])})
    assert (unfit.status_code, unfit.json()["rules"]) == (409, ["active"])
    assert boss.post(f"/v1/assignments/{NOBODY}/substitute", {"worker_id": str(everybody[5])}).status_code == 404
    busy = Work(town)
    assert busy.technician_id == work.technician_id
    twice = boss.post(f"/v1/assignments/{busy.assignment}/substitute", {"worker_id": str(everybody[5])})
    assert twice.status_code == 200
    again = boss.post(f"/v1/assignments/{busy.assignment}/substitute", {"worker_id": str(everybody[4])})
    assert (again.status_code, again.json()["state"]) == (409, "substituted")
    assert work.technician.post(f"{work.visit}/check-in").status_code == 200
    begun = boss.post(address, {"worker_id": str(everybody[5])})
    assert (begun.status_code, begun.json()["state"]) == (409, "checked_in")
    with town.world.as_engine() as (session, _):
        slots = session.execute(select(SlotRow.state, SlotRow.technician_id)).all()
        assert {tuple(each) for each in slots} == {("filled", everybody[5]), ("filled", work.technician_id)}


def test_an_incident_is_of_a_known_kind_with_files_of_the_job_and_decided_once(calm_town: Town) -> None:
    work = Work(calm_town)
    address, staff = f"{work.visit}/incidents", calm_town.staff
    for body, words in (
        ({"kind": "boredom"}, "/kind"),
        ({"kind": "damage", "files": [NOBODY]}, "/files/0"),
        ({"kind": "damage", "note": "x" * 10_001}, "/note"),
        ({"kind": "damage", "note": "\u0000"}, "/note"),
        ({}, "/kind"),
    ):
        refused(work.technician.post(address, body), 422, words)
    assert calm_town.stranger.post(address, {"kind": "damage"}).status_code == 404
    told = work.technician.post(address, {"kind": "damage", "note": "A pane broke"}).json()
    shown = staff.get(address).json()["items"][0]
    assert (shown["by_kind"], shown["note"], shown["technician"]) == ("technician", "A pane broke", None)
    decide = f"/v1/incidents/{told['id']}/decide"
    assert work.technician.post(decide, {"decision": "confirmed"}).status_code == 403
    assert calm_town.stranger.post(decide, {"decision": "confirmed"}).status_code == 404
    refused(staff.post(decide, {"decision": "perhaps"}), 422, "/decision")
    assert staff.post(decide, {"decision": "confirmed"}).status_code == 200
    twice = staff.post(decide, {"decision": "dismissed"})
    assert (twice.status_code, twice.json()["state"]) == (409, "confirmed")
    assert calm_town.stranger.get(address).status_code == 404


def test_fees_are_stated_in_the_jobs_currency_and_within_limits(calm_town: Town) -> None:
    body = calm_town.job_body
    in_euros = body(day_policy={"cancellation": {"currency": "EUR", "trip_charge": "40.00"}})
    refused(calm_town.staff.post("/v1/jobs", in_euros), 422, "/day_policy/cancellation/currency")
    without_sums = body(day_policy={"cancellation": {"currency": "EUR", "minimum_h": 1}})
    assert calm_town.staff.post("/v1/jobs", without_sums).status_code == 201
    too_much = body(day_policy={"cancellation": {"steps": [{"within_h": 5, "share": 2}]}})
    refused(calm_town.staff.post("/v1/jobs", too_much), 422, "share 2")


def test_what_a_cancellation_costs_is_foretold_to_the_clients_staff_alone(calm_town: Town) -> None:
    work = Work(calm_town)
    address = f"/v1/jobs/{work.job['id']}/cancellation"
    assert calm_town.stranger.get(address).status_code == 404
    assert work.technician.get(address).status_code == 403
    refused(calm_town.staff.get(f"{address}?why=two words"), 422, "?why")
    free = calm_town.staff.get(address).json()
    assert (free["total"], free["currency"]) == ("0.00", None)
    assert calm_town.staff.post(f"/v1/jobs/{work.job['id']}/cancel", {"why": "x"}).status_code == 200
    assert calm_town.staff.get(address).status_code == 409
    assert calm_town.staff.post(f"/v1/jobs/{work.job['id']}/cancel", {"why": "x"}).status_code == 409


def test_work_that_is_all_done_is_not_cancelled_any_more(calm_town: Town) -> None:
    work = Work(calm_town)
    for wish in ("check-in", "check-out"):
        assert work.technician.post(f"{work.visit}/{wish}").status_code == 200
    late = calm_town.staff.post(f"/v1/jobs/{work.job['id']}/cancel", {"why": "x"})
    assert (late.status_code, late.json()["state"], late.json()["moves"]) == (409, "checked_out", ["finish"])


def test_the_same_acceptance_sent_twice_has_one_effect_and_one_answer(calm_town: Town) -> None:
    work = Work(calm_town)
    made = work.proposes(calm_town.staff)
    first = work.technician.post(f"{made}/accept", key="yes-once")
    again = work.technician.post(f"{made}/accept", key="yes-once")
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert UUID(first.json()["id"]) == UUID(made.rsplit("/", 1)[1])
