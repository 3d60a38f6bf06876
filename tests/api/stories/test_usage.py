"""Hours with a client: counted as they are promised and worked, warned of, and refused where the client says so."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from outboxes import Post
from packsofown import MINE, goes_by_packs
from personal_data import assert_events_impersonal
from soundness import assert_counted
from sqlalchemy import select, update

from dispatch.record.tables import DecisionRow, EventRow, OfferRow, SiteRow, StaffRow, new_id
from dispatch.talent.packfiles import known_packs
from dispatch.visits.lapses import recheck_due

FIVE_HOURS = {"id": "ours", "hours": 5, "window_months": 12, "binding": "hard"}


def goes_by(story, **patch: Any) -> dict[str, Any]:
    """Acme's admin changes its limits: what it goes by then."""
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    url = f"/v1/clients/{story.town.world.client}/limits"
    answer = admin.patch(url, patch, admin.get(url).headers["ETag"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def hours(reader, technician_id: UUID) -> dict[str, Any]:
    (found,) = reader.get(f"/v1/technicians/{technician_id}/usage").json()["items"]
    return found


def told_levels(story, of: str = "hours_level_changed") -> list[str]:
    kind = EventRow.kind == of
    with story.town.world.as_engine() as (session, _):
        return [data["level"] for data in session.scalars(select(EventRow.data).where(kind).order_by(EventRow.at))]


def test_hours_go_from_at_stake_to_promised_to_worked_and_the_levels_follow(story):
    goes_by(story, limits={"own": [{**FIVE_HOURS, "binding": "soft"}]})
    given = story.assigned()
    found = hours(given.staff, given.technician_id)
    assert (found["promised_hours"], found["worked_hours"], found["level"]) == (2, 0, "green")
    assert found["client"] == "Acme service"
    own = hours(given.technician, given.technician_id)
    assert found | {"standings": []} == own | {"standings": []}, "the technician reads the same"
    assert {each["pack"] for each in own["standings"]} - {each["pack"] for each in found["standings"]} == {
        "income-share"
    }
    other = story.town.world.technicians[-1]
    assert hours(given.staff, other)["promised_hours"] == 0
    story.sweeps()
    longer = given.client_proposes(scope={"duration_min": 240})
    assert given.technician.post(f"/v1/proposals/{longer['id']}/accept").status_code == 200
    story.sweeps()
    found = hours(given.technician, given.technician_id)
    ours = next(each for each in found["standings"] if each["pack"] == "ours")
    assert (ours["level"], ours["projected"], ours["most"], ours["binding"]) == ("amber", 4, 5, "soft")
    assert "4 of 5 hours with what is promised" in ours["text"]
    assert [way["code"] for way in ours["ways_on"]] == ["rotate", "pause"]
    assert "not legal advice" in found["note"]
    given.does("confirm", "leave", "check-in", "check-out")
    story.sweeps()
    found = hours(given.staff, given.technician_id)
    assert found["promised_hours"] == 0
    assert 0 <= found["worked_hours"] < 0.1
    assert told_levels(story) == ["amber", "green"]
    with story.town.world.as_engine() as (session, _):
        assert_counted(session)
        assert_events_impersonal(session)


def test_a_hard_limit_refuses_the_next_work_by_name_and_never_what_is_under_way(story):
    given = story.assigned()
    goes_by(story, limits={"own": [{**FIVE_HOURS, "hours": 3}]})
    longer = given.client_proposes(scope={"duration_min": 240})
    refused = given.technician.post(f"/v1/proposals/{longer['id']}/accept")
    assert refused.status_code == 409, refused.text
    assert "limit" in refused.text
    job = story.town.posted(window=_next_day(story))
    story.town.world.send_waves()
    asked = {offer.technician_id for offer in story.town.world.offers(UUID(job["id"]))}
    assert asked
    assert given.technician_id not in asked, "the rule was asked before the offer was sent"
    with story.town.world.as_engine() as (session, _):
        outcome = session.scalars(select(DecisionRow.outcome).where(DecisionRow.job_id == UUID(job["id"]))).one()
    assert outcome["counts"] == {"limit": 1}
    given.does("confirm", "leave", "check-in")
    wish = given.asks(kind="more_time", minutes=180)
    granted = given.staff.post(f"/v1/site-requests/{wish['id']}/grant", {"minutes": 180})
    assert granted.status_code == 409, granted.text
    assert "limit" in granted.text
    given.does("check-out")


def test_a_pack_of_ones_own_that_is_hard_by_itself_refuses_and_hours_until_a_soft_one_are_told(story, tmp_path):
    (tmp_path / "ours.toml").write_text(MINE)
    with goes_by_packs(tmp_path):
        given = story.assigned()
        job = story.town.posted(window=_next_day(story))
        story.town.world.send_waves()
        asked = {offer.technician_id for offer in story.town.world.offers(UUID(job["id"]))}
        assert given.technician_id not in asked, "two of three hours are promised, though the client said nothing of it"
        operator = story.town.key("operator")
        story.town.app.state.parts.refresh()
        url = f"/v1/jobs/{job['id']}/candidates/{given.technician_id}"
        assert _limit_tick(operator, url) == (False, "1.0 hours with this client left then, 2.0 needed")
        assert "house-hours" in {each["id"] for each in operator.get("/v1/rule-packs").json()["items"]}
        goes_by(story, limits={"packs": {"house-hours": "soft"}})
        story.town.app.state.parts.refresh()
        told = "no limit of hours with this client refuses it; 1.0 hours left until a limit that warns"
        assert _limit_tick(operator, url) == (True, told)


def _limit_tick(operator, url: str) -> tuple[bool, str]:
    return next((each["holds"], each["text"]) for each in operator.get(url).json()["ticks"] if each["rule"] == "limit")


def _next_day(story) -> dict[str, str]:
    start = story.town.world.start + timedelta(days=1)
    return {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}


def test_limits_are_the_admins_and_each_reads_only_their_own(story):
    town, given = story.town, story.assigned()
    url = f"/v1/clients/{town.world.client}/limits"
    assert given.staff.patch(url, {"limits": {}}, given.staff.get(url).headers["ETag"]).status_code == 403
    assert town.stranger.get(url).status_code == 404
    assert hours(town.stranger, given.technician_id)["promised_hours"] == 0, "with Globex, not with Acme"
    assert town.technician(7).get(f"/v1/technicians/{given.technician_id}/usage").status_code == 404
    admin = town.key("client_admin", client_id=town.world.client)
    tag = admin.get(url).headers["ETag"]
    assert admin.patch(url, {"limits": {}}).status_code == 428
    for bad, words in (
        ({"limits": {"packs": {"nowhere": "hard"}}}, "is not a pack"),
        ({"limits": {"packs": {"income-share": "hard"}}}, "cannot refuse work"),
        ({"hours_zone": "Mars/Base"}, "Mars/Base"),
        ({"hours_zone": "America/Havana"}, "midnight"),
        ({}, "send limits"),
    ):
        answer = admin.patch(url, bad, tag)
        assert answer.status_code == 422, answer.text
        assert words in answer.text
    assert admin.patch(url, {"hours_zone": "America/New_York"}, tag).status_code == 409, "hours are counted already"
    packs = {each["id"]: each for each in goes_by(story, limits={"packs": {"us-1099-nec": "off"}})["packs"]}
    assert (packs["us-1099-nec"]["binding"], packs["us-erisa-1000-hours"]["binding"]) == ("off", "soft")
    assert packs["us-1099-nec"]["thresholds"]["amount"] == (2000 if datetime.now(UTC).year >= 2026 else 600)
    assert admin.patch(url, {"limits": {}}, tag).status_code == 412


def test_a_client_says_how_somebody_works_for_it_and_answers_with_evidence(story):
    town, given = story.town, story.assigned()
    admin = town.key("client_admin", client_id=town.world.client)
    url = f"/v1/technicians/{given.technician_id}/engagement"
    read = given.staff.get(url)
    assert read.json()["engaged_as"] == "contractor"
    tag = read.headers["ETag"]
    assert given.staff.patch(url, {"engaged_as": "w2"}, tag).status_code == 403
    assert given.technician.get(url).status_code == 403
    assert admin.patch(url, {"engaged_as": "w2"}).status_code == 428
    yes = {"answer": "yes", "evidence": "Own van and meters"}
    for bad, status in (
        ({"engaged_as": "friend"}, 422),
        ({"answers": {"us-irs-common-law": {"mood": yes}}}, 422),
        ({"answers": {"us-irs-common-law": {"tools": {"answer": "yes"}}}}, 422),
        ({"answers": {"us-erisa-1000-hours": {"tools": yes}}}, 404),
    ):
        answer = admin.patch(url, bad, tag)
        assert answer.status_code == status, answer.text
    answers = {"us-irs-common-law": {"tools": yes, "third_party_technical": yes}}
    said = admin.patch(url, {"engaged_as": "w2", "answers": answers}, tag)
    assert said.status_code == 200, said.text
    assert said.json()["engaged_as"] == "w2"
    irs = next(each for each in said.json()["checklists"] if each["pack"] == "us-irs-common-law")
    tools = next(each for each in irs["questions"] if each["code"] == "tools")
    assert (tools["answer"], tools["evidence"]) == ("yes", "Own van and meters")
    assert tools["owner_id"] is not None
    assert tools["answered_at"] is not None
    assert [flag["code"] for flag in irs["flags"]] == ["section_1706"]
    assert admin.patch(url, {"engaged_as": "company"}, tag).status_code == 412
    theirs = next(each for each in town.stranger.get(url).json()["checklists"] if each["pack"] == "us-irs-common-law")
    assert len(theirs["open"]) == len(theirs["questions"]), "Globex has answered nothing"
    assert hours(given.staff, given.technician_id)["promised_hours"] == 2, "the hours stand beside"
    with town.world.as_engine() as (session, _):
        kinds = list(session.scalars(select(EventRow.kind).where(EventRow.subject_kind == "technician")))
        assert kinds.count("engaged") == kinds.count("checklist_answered") == 1
        assert_events_impersonal(session)


def test_each_way_of_working_needs_its_papers_before_an_offer_is_sent(story):
    given = story.assigned()
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    unknown = {"papers": {"contractor": ["moon_pass"]}}
    url = f"/v1/clients/{story.town.world.client}/limits"
    refused = admin.patch(url, {"limits": unknown}, admin.get(url).headers["ETag"])
    assert refused.status_code == 422
    assert "moon_pass" in refused.text
    goes_by(story, limits={"papers": {"contractor": ["background_check"]}})
    engagement = f"/v1/technicians/{given.technician_id}/engagement"
    tag = admin.get(engagement).headers["ETag"]
    assert admin.patch(engagement, {"engaged_as": "w2"}, tag).status_code == 200
    job = story.town.posted(window=_next_day(story))
    story.town.world.send_waves()
    asked = {offer.technician_id for offer in story.town.world.offers(UUID(job["id"]))}
    assert asked == {given.technician_id}, "all others are contractors without the check"
    goes_by(story, limits={"papers": {"w2": ["background_check"]}})
    (offer,) = story.town.world.offers(UUID(job["id"]))
    late = given.technician.post(f"/v1/offers/{offer.id}/accept", {"terms_version": offer.terms_version})
    assert late.status_code == 409, late.text
    assert "credential" in late.text


def test_other_papers_or_another_way_of_working_judge_what_is_promised_again(story):
    given = story.assigned()
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    engagement = f"/v1/technicians/{given.technician_id}/engagement"

    def works_as(way):
        return admin.patch(engagement, {"engaged_as": way}, admin.get(engagement).headers["ETag"])

    def judged_again():
        with story.town.world.as_engine() as (session, now):
            assert recheck_due(session, now) > 0
        return story.alarms("credential_expiring")

    alone = works_as("company")
    assert (alone.status_code, alone.json()["errors"][0]["path"]) == (422, "/engaged_as"), alone.text
    assert "no company" in alone.text
    goes_by(story, limits={"papers": {"w2": ["background_check"]}})
    assert judged_again() == [], "a contractor needs none"
    assert works_as("w2").status_code == 200
    assert judged_again() == [given.assignment_id], "on the payroll they need the check"


def test_who_leaves_a_company_gets_nothing_new_until_it_is_chosen_how_they_work(story):
    given = story.assigned()
    who, admin = given.technician_id, story.town.key("client_admin", client_id=story.town.world.client)
    operator = story.town.key("operator")
    engagement, employment = f"/v1/technicians/{who}/engagement", f"/v1/technicians/{who}/company"
    company = operator.post("/v1/companies", {"name": "Lone Star Service"}).json()["id"]

    def is_employed_by(company_id):
        answer = operator.call("PUT", employment, json={"company_id": company_id})
        assert answer.status_code in (200, 204), answer.text

    def works_as(way):
        return admin.patch(engagement, {"engaged_as": way}, admin.get(engagement).headers["ETag"])

    def state():
        told = admin.get(engagement).json()
        return told["engaged_as"], told["must_choose"]

    def to_choose(reader=admin):
        told = reader.get(f"/v1/clients/{story.town.world.client}/usage", params={"must_choose": True}).json()["items"]
        return [(each["technician_id"], each["must_choose"], each["engaged_as"]) for each in told]

    def asked_for(job):
        story.town.world.send_waves()
        return {offer.technician_id for offer in story.town.world.offers(UUID(job["id"]))}

    is_employed_by(company)
    assert works_as("company").status_code == 200
    assert state() == ("company", False)
    is_employed_by(None)
    assert state() == ("contractor", False), "no paper is wanted of one"

    is_employed_by(company)
    assert works_as("company").status_code == 200
    goes_by(story, limits={"papers": {"contractor": ["background_check"]}})
    with story.town.world.as_engine() as (session, now):
        recheck_due(session, now)
    assert story.alarms("credential_expiring") == [], "of a company's people it wants none"
    is_employed_by(None)
    assert state() == ("company", True)
    assert hours(given.technician, who)["must_choose"], "they read it too"
    for reader in (admin, given.staff, operator):
        assert to_choose(reader) == [(str(who), True, "company")]
    assert story.alarms("credential_expiring") == [given.assignment_id], "what they promised is judged again at once"
    job = story.town.posted(window=_next_day(story))
    assert who not in asked_for(job)
    story.town.app.state.parts.refresh()
    told = operator.get(f"/v1/jobs/{job['id']}/candidates/{who}").json()["ticks"]
    [tick] = [each for each in told if each["rule"] == "credential"]
    assert (tick["holds"], "chooses first how they work now" in tick["text"]) == (False, True)
    assert works_as("w2").status_code == 200
    assert state() == ("w2", False)
    assert (to_choose(), hours(given.technician, who)["must_choose"]) == ([], False)
    assert who in asked_for(story.town.posted(window=_next_day(story)))
    events = [(each["engaged_as"], each.get("why")) for each in story.told("technician", "engaged")]
    assert events.count(("contractor", "left_company")) == events.count(("company", "left_company")) == 1

    fresh = story.town.world.technicians[6]
    engagement, employment = f"/v1/technicians/{fresh}/engagement", f"/v1/technicians/{fresh}/company"
    is_employed_by(company)
    assert works_as("company").status_code == 200
    assert (to_choose(), hours(admin, fresh)["num_days"]) == ([], 0)
    is_employed_by(None)
    assert to_choose() == [(str(fresh), True, "company")], "though they have no hours yet"
    assert operator.post(f"/v1/technicians/{fresh}/leave").status_code == 200
    assert to_choose() == [], "of whoever has left there is nothing to choose"


def test_papers_asked_for_later_are_asked_of_promised_work_and_open_offers(story):
    given = story.assigned()
    job, offers = story.town.offered(window=_next_day(story))
    assert offers
    goes_by(story, limits={"papers": {"contractor": ["background_check"]}})
    with story.town.world.as_engine() as (session, now):
        assert recheck_due(session, now) > 0
    assert story.alarms("credential_expiring") == [given.assignment_id]
    with story.town.world.as_engine() as (session, _):
        asked = select(OfferRow.state).where(OfferRow.job_id == UUID(job["id"]))
        assert set(session.scalars(asked)) == {"withdrawn"}


def test_one_of_several_papers_is_enough_and_a_cross_names_them(story):
    """Who has the cover works on when the check ends that is as good; whoever has neither reads what would do."""
    given, world = story.assigned(), story.town.world
    operator = story.town.key("operator")
    made = operator.post("/v1/credential-kinds", {"code": "cover", "name": "Cover", "family": "certificate"})
    assert made.status_code == 201, made.text
    goes_by(story, limits={"papers": {"contractor": [["cover", "background_check"]]}})

    def proves(kind: str) -> str:
        days = {"valid_from": "2026-01-01", "valid_until": "2099-01-01"}
        url = f"/v1/technicians/{given.technician_id}/credentials"
        answer = operator.post(url, {"kind": kind, "evidence": "Policy 7", **days})
        assert answer.status_code == 201, answer.text
        verified = operator.post(f"/v1/credentials/{answer.json()['id']}/verify")
        assert verified.status_code == 200, verified.text
        return answer.json()["id"]

    def judged_again() -> list[Any]:
        with world.as_engine() as (session, now):
            recheck_due(session, now)
        return story.alarms("credential_expiring")

    def cross() -> str:
        told = given.technician.get(f"/v1/open-jobs/{visit}/checks").json()
        return next(("" if each["holds"] else each["text"]) for each in told["checks"] if each["code"] == "credential")

    visit = story.town.posted(window=_next_day(story))["visits"][0]["id"]
    assert cross().endswith("engaged as they are: contractor background_check or cover")
    cover, check = proves("cover"), proves("background_check")
    assert (cross(), judged_again()) == ("", [])
    assert operator.post(f"/v1/credentials/{check}/revoke").status_code == 200
    assert judged_again() == [], "the other one is enough"
    assert operator.post(f"/v1/credentials/{cover}/revoke").status_code == 200
    assert judged_again() == [given.assignment_id], "neither is left"


def test_a_new_client_wants_the_usual_papers_of_each_way_until_it_says_otherwise(story):
    operator = story.town.key("operator")
    kinds = (("w9", "tax_form"), ("liability", "insurance"), ("course", "certificate"))
    for code, family in kinds:
        made = operator.post("/v1/credential-kinds", {"code": code, "name": code, "family": family})
        assert made.status_code == 201, made.text
    client = operator.post("/v1/clients", {"name": "Initech"}).json()["id"]
    url = f"/v1/clients/{client}/limits"
    limits = operator.get(url)
    assert limits.json()["limits"]["papers"] == {"contractor": ["w9"], "company": ["liability"]}
    bare = operator.patch(url, {"limits": {"papers": {}}}, limits.headers["ETag"])
    assert bare.json()["limits"]["papers"] == {}
    foreign = {"code": "w8ben", "name": "w8ben", "family": "tax_form"}
    assert operator.post("/v1/credential-kinds", foreign).status_code == 201
    client = operator.post("/v1/clients", {"name": "Umbrella"}).json()["id"]
    papers = operator.get(f"/v1/clients/{client}/limits").json()["limits"]["papers"]
    assert papers == {"company": ["liability"]}, "nobody needs both forms: which one is the client's to say"


def test_the_operator_brings_the_usual_papers_to_a_client_that_is_there_and_overwrites_nothing(story):
    given, client = story.assigned(), story.town.world.client
    operator, admin = story.town.key("operator"), story.town.key("client_admin", client_id=client)
    goes_by(story, limits={"own": [FIVE_HOURS], "papers": {"company": []}})
    made = operator.post("/v1/credential-kinds", {"code": "w9", "name": "W-9", "family": "tax_form"})
    assert made.status_code == 201, made.text
    url = f"/v1/clients/{client}/limits/usual-papers"
    assert admin.post(url, {}).status_code == 403

    with story.town.world.as_engine() as (session, now):
        while recheck_due(session, now):
            pass
    before = story.alarms("credential_expiring")
    came = operator.post(url, {})
    assert came.status_code == 200, came.text
    limits = came.json()["limits"]
    assert limits["papers"] == {"company": [], "contractor": ["w9"]}
    assert [own["id"] for own in limits["own"]] == ["ours"]
    with story.town.world.as_engine() as (session, now):
        assert recheck_due(session, now) > 0
    assert (before, story.alarms("credential_expiring")) == ([], [given.assignment_id]), "promised work is judged by it"

    again = operator.post(url, {})
    assert (again.json(), again.headers["ETag"]) == (came.json(), came.headers["ETag"])
    with story.town.world.as_engine() as (session, _):
        brought = session.scalars(select(EventRow.data).where(EventRow.kind == "usual_papers_brought")).all()
    assert brought == [{"papers": {"contractor": ["w9"]}}]
    assert operator.post(f"/v1/clients/{given.technician_id}/limits/usual-papers", {}).status_code == 404


def test_a_client_sees_who_of_its_own_is_near_a_limit_and_the_operator_everybody(story):
    town, given = story.town, story.assigned()
    goes_by(story, limits={"own": [{**FIVE_HOURS, "hours": 2.4, "binding": "soft"}]})
    url = f"/v1/clients/{town.world.client}/usage"
    story.sweeps()
    (own,) = given.staff.get(url).json()["items"]
    assert (own["technician_id"], own["technician_name"]) == (str(given.technician_id), "Technician 0")
    assert (own["level"], own["engaged_as"], own["promised_hours"]) == ("amber", "contractor", 2)
    ours = next(each for each in own["standings"] if each["pack"] == "ours")
    assert (ours["level"], ours["source"]) == ("amber", "the client's own limit")
    assert [way["code"] for way in ours["ways_on"]] == ["rotate", "pause"]
    assert {each["pack"] for each in own["standings"]} == {
        "ours", "tenure-12-in-18", "us-erisa-1000-hours", "us-long-term-part-time", "us-1099-nec", "us-ca-freelance",
        "us-il-freelance", "us-ny-freelance"
    }, "the share of income would tell what others pay"  # fmt: skip
    near = [each for each in Post(town.world).goes_out() if "hours with" in each.subject]
    assert [each.subject for each in near] == ["Your hours with Acme service come near a limit"]
    _, offers = town.offered(window=_next_day(story), duration_min=60)
    other = next(each for each in offers if each.technician_id != given.technician_id)
    yes = town.by_id(other.technician_id).post(f"/v1/offers/{other.id}/accept", {"terms_version": other.terms_version})
    assert yes.status_code == 200, yes.text
    story.sweeps()
    first = given.staff.get(f"{url}?limit=1")
    second = given.staff.get(f"{url}?limit=1&cursor={first.json()['next']}")
    both = [each["technician_id"] for page in (first, second) for each in page.json()["items"]]
    assert both == sorted((str(given.technician_id), str(other.technician_id)), reverse=True)
    assert second.json()["next"] is None
    operator = town.key("operator")
    for reader in (given.staff, operator):
        found = {
            level: [each["technician_id"] for each in reader.get(f"{url}?level={level}").json()["items"]]
            for level in ("green", "amber", "red")
        }
        assert found == {"green": [str(other.technician_id)], "amber": [str(given.technician_id)], "red": []}
    assert given.staff.get(f"{url}?level=blue").status_code == 422
    assert given.technician.get(url).status_code == 403
    assert town.stranger.get(url).status_code == 404
    assert operator.get(f"/v1/clients/{town.globex}/usage").json()["items"] == [], "Globex' hours are its own"


def test_the_morning_of_compliance_calls_a_client_s_own_limit_by_its_words_until_it_is_taken_away(story):
    town = story.town
    goes_by(story, limits={"own": [{**FIVE_HOURS, "hours": 2.4, "binding": "soft"}]})
    story.assigned()
    story.sweeps()
    admin = town.key("client_admin", client_id=town.world.client)

    def near():
        (pair,) = admin.get("/v1/mornings/compliance").json()["pairs"]
        return pair["limits"]

    assert near() == [{"pack": "ours", "level": "amber", "title": "2.4 hours in 12 months", "version": 1}]
    goes_by(story, limits={"own": []})
    assert near() == [{"pack": "ours", "level": "amber", "title": None, "version": None}]


def _tells_of_contracts(town) -> None:
    """New York's law holds, and Acme has an admin, who is told, and a dispatcher, who is not."""
    with town.world.as_engine() as (session, now):
        session.execute(update(SiteRow).values(region="NY"))
        for role in ("client_admin", "dispatcher"):
            who = {"role": role, "name": role, "email": f"{role}@example.org"}
            session.add(StaffRow(id=new_id(), client_id=town.world.client, created_at=now, **who))


def test_near_the_sum_both_sides_are_told_that_a_contract_will_be_due_and_again_when_it_is(story):
    """New York asks for it from 800 dollars on and its pack warns from four fifths of that on: 640."""
    town = story.town
    _tells_of_contracts(town)
    post = Post(town.world)

    def subjects() -> list[str]:
        story.sweeps()
        return sorted(each.subject for each in post.goes_out() if "contract with" in each.subject)

    def promises(amount: str) -> None:
        needs = {"skills": {"hvac": 2}}
        _, offers = town.offered(slots=[{"needs": needs, "pay": {"amount": amount}}], window=_next_day(story))
        offer = next(each for each in offers if each.technician_id == given.technician_id)
        yes = given.technician.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1})
        assert yes.status_code == 200, yes.text

    given = story.assigned(slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "639.00"}}])
    assert subjects() == []
    promises("1.00")
    assert subjects() == [
        "A written contract with Acme service will be due",
        "A written contract with Technician 0 will be due",
    ]
    assert subjects() == [], "once"
    promises("160.00")
    assert subjects() == [
        "A written contract with Acme service is due",
        "A written contract with Technician 0 is due",
    ]
    assert told_levels(story, "pay_sign_changed") == ["amber", "red"]


def test_a_written_contract_is_due_in_new_york_until_the_technician_has_signed_one(story):
    town = story.town
    _tells_of_contracts(town)
    given = story.assigned(slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "900.00"}}])
    admin, operator = town.key("client_admin", client_id=town.world.client), town.key("operator")
    story.sweeps()
    listed = f"/v1/clients/{town.world.client}/usage"

    def contract(reader) -> tuple[str, str]:
        found = next(each for each in hours(reader, given.technician_id)["standings"] if "ny" in each["pack"])
        return found["level"], found["text"]

    assert contract(given.technician) == contract(given.staff) == ("red", "900 of 800 USD with what is promised")
    (red,) = admin.get(f"{listed}?level=red").json()["items"]
    assert (red["level"], red["technician_id"]) == ("red", str(given.technician_id))
    assert [way["code"] for each in red["standings"] if each["level"] == "red" for way in each["ways_on"]] == [
        "written_contract"
    ]
    (pair,) = admin.get("/v1/mornings/compliance").json()["pairs"]
    assert (pair["level"], [each["level"] for each in pair["limits"]]) == ("red", ["red"])
    (law,) = [each for each in known_packs() if each.id == "us-ny-freelance"]
    assert [(each["pack"], each["title"], each["version"]) for each in pair["limits"]] == [(law.id, law.title, 1)]
    assert told_levels(story, "pay_sign_changed") == ["red"]
    assert told_levels(story) == [], "no word of hours: there are plenty"
    due = [each.subject for each in Post(town.world).goes_out() if "contract with" in each.subject]
    assert sorted(due) == [  # the dispatcher is not told
        "A written contract with Acme service is due",
        "A written contract with Technician 0 is due",
    ]
    kind = {"code": "written_contract", "name": "Written contract", "family": "agreement"}
    assert operator.post("/v1/credential-kinds", kind).status_code == 201
    words = {"kind": "written_contract", "words": "The work, the pay, and the day of payment."}
    text = admin.post(f"/v1/clients/{town.world.client}/agreements", words).json()
    signed = given.technician.post(f"/v1/agreements/{text['id']}/sign", {"sha256": text["sha256"]})
    assert signed.status_code == 201, signed.text
    today = signed.json()["valid_from"]
    assert contract(given.staff) == (
        "green",
        f"900 of 800 USD with what is promised; a contract is signed since {today}",
    )
    story.sweeps()
    assert admin.get(f"{listed}?level=red").json()["items"] == []
    assert told_levels(story, "pay_sign_changed") == ["red", "green"]


def test_open_offers_that_together_would_cross_a_limit_warn_both_sides_and_lock_nobody_out(story):
    given = story.assigned()
    goes_by(story, limits={"own": [{**FIVE_HOURS, "hours": 3.5, "binding": "soft"}]})

    def ours(reader) -> dict[str, Any]:
        return next(each for each in hours(reader, given.technician_id)["standings"] if each["pack"] == "ours")

    assert (ours(given.staff)["level"], ours(given.staff)["is_at_stake"]) == ("green", False)
    _, offers = story.town.offered(window=_next_day(story))
    mine = next(each for each in offers if each.technician_id == given.technician_id)
    for reader in (given.technician, given.staff):
        found = ours(reader)
        assert (found["level"], found["is_at_stake"], found["projected"]) == ("amber", True, 2)
        assert found["text"].startswith("2 of 3.5 hours with what is promised; the open offers together would cross it")
    (listed,) = given.staff.get(f"/v1/clients/{story.town.world.client}/usage").json()["items"]
    assert listed["level"] == "amber"
    yes = given.technician.post(f"/v1/offers/{mine.id}/accept", {"terms_version": mine.terms_version})
    assert yes.status_code == 200, "it warns, it does not lock them out"


def test_who_is_employed_by_a_payroll_partner_is_held_by_no_limit_for_contractors(story):
    given = story.assigned()
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    goes_by(story, limits={"own": [{**FIVE_HOURS, "hours": 3, "engagements": ["contractor", "company"]}]})
    engagement = f"/v1/technicians/{given.technician_id}/engagement"

    def engaged_as(way: str) -> None:
        said = admin.patch(engagement, {"engaged_as": way}, admin.get(engagement).headers["ETag"])
        assert said.status_code == 200, said.text

    engaged_as("w2")
    abc = next(each for each in admin.get(engagement).json()["checklists"] if each["pack"] == "us-ca-abc")
    assert not abc["concerns"], "they are an employee already"
    found = hours(given.staff, given.technician_id)
    assert (found["engaged_as"], [each["pack"] for each in found["standings"]]) == ("w2", ["tenure-12-in-18"])
    job = story.town.posted(window=_next_day(story))
    story.town.world.send_waves()
    offers = story.town.world.offers(UUID(job["id"]))
    mine = next(each for each in offers if each.technician_id == given.technician_id)
    engaged_as("contractor")
    late = given.technician.post(f"/v1/offers/{mine.id}/accept", {"terms_version": mine.terms_version})
    assert late.status_code == 409, late.text
    assert "limit" in late.text


def test_a_companys_people_work_through_it_until_it_is_said_otherwise(story):
    """They need the company's papers, not a contractor's; whom a client never met is asked by the same rule."""
    given, world = story.assigned(), story.town.world
    operator, admin = story.town.key("operator"), story.town.key("client_admin", client_id=world.client)
    made = operator.post("/v1/credential-kinds", {"code": "cover", "name": "Cover", "family": "certificate"})
    assert made.status_code == 201, made.text
    days = {"valid_from": "2026-01-01", "valid_until": "2099-01-01"}
    known, new = given.technician_id, world.technicians[6]
    company = operator.post("/v1/companies", {"name": "Lone Star Service"}).json()["id"]

    def way(who):
        return admin.get(f"/v1/technicians/{who}/engagement").json()["engaged_as"]

    def asked():
        job = story.town.posted(window=_next_day(story))
        world.send_waves()
        return {offer.technician_id for offer in world.offers(UUID(job["id"]))} & {known, new}

    assert asked() == {known, new}
    goes_by(story, limits={"papers": {"company": ["cover"]}})
    with world.as_engine() as (session, now):
        recheck_due(session, now)
    assert (story.alarms("credential_expiring"), asked()) == ([], {known, new}), "contractors need none"
    for who in (known, new):
        answer = operator.call("PUT", f"/v1/technicians/{who}/company", json={"company_id": company})
        assert answer.status_code in (200, 204), answer.text
    assert [way(who) for who in (known, new)] == ["company", "company"]
    told = [each for each in story.told("technician", "engaged") if each.get("why") == "joined_company"]
    assert [(each["engaged_as"], each["was"]) for each in told] == [("company", "contractor")]
    with world.as_engine() as (session, now):
        assert recheck_due(session, now) > 0
    assert story.alarms("credential_expiring") == [given.assignment_id], "what is promised is judged again"
    assert asked() == set(), "the company's cover is missing"
    for who in (known, new):
        answer = operator.post(f"/v1/technicians/{who}/credentials", {"kind": "cover", "evidence": "Policy 7", **days})
        assert answer.status_code == 201, answer.text
        verified = operator.post(f"/v1/credentials/{answer.json()['id']}/verify")
        assert verified.status_code == 200, verified.text
    assert asked() == {known, new}
    answer = admin.patch(f"/v1/technicians/{new}/engagement", {"engaged_as": "contractor"},
                         admin.get(f"/v1/technicians/{new}/engagement").headers["ETag"])  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert way(new) == "contractor"
    goes_by(story, limits={"papers": {"contractor": ["background_check"], "company": ["cover"]}})
    assert asked() == {known}, "what was said counts, also what is a contractor's"
