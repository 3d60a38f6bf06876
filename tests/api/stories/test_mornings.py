"""The first page of a morning: a week of one client, told in figures that can be counted by hand; and of no other."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import NullPool, create_engine, insert, text, update
from town import Caller

from dispatch.record.tables import CredentialKindRow, CredentialRow, JobRow, SiteRow, new_id

RETURN = {"outcome": "return_needed", "why": "part", "note": "A blower motor"}
BRIEFED = "site_briefing"


@pytest.fixture
def admin(story) -> Caller:
    return story.town.key("client_admin", client_id=story.town.world.client)


@pytest.fixture
def operator(story) -> Caller:
    return story.town.key("operator")


def pays(story, operator: Caller, **rules: Any) -> None:
    """Acme has money here."""
    url = f"/v1/clients/{story.town.world.client}"
    assert operator.post(f"{url}/money", {"rules": rules}).status_code == 200
    assert operator.post(f"{url}/funds", {"amount": "2000.00"}).status_code == 201


def was_to_start(story, given, minutes_ago: int) -> None:
    """The agreed start was so long ago."""
    story.time_passes(
        "UPDATE assignments SET start_at = now() - make_interval(mins => %(m)s), end_at = now() + interval '1 hour'"
        " WHERE id = %(a)s",
        m=minutes_ago,
        a=given.assignment_id,
    )


def was_posted(story, given, before_s: int) -> None:
    """So many seconds passed from the posting to the yes."""
    story.time_passes(
        "UPDATE jobs SET posted_at = a.assigned_at - make_interval(secs => %(s)s) FROM assignments a"
        " WHERE jobs.id = a.job_id AND a.id = %(a)s",
        s=before_s,
        a=given.assignment_id,
    )


def morning(caller: Caller, of: str = "service") -> dict[str, Any]:
    answer = caller.get(f"/v1/mornings/{of}?days=7")
    assert answer.status_code == 200, answer.text
    return answer.json()


def assigning(caller: Any) -> tuple[int, int | None, int | None]:
    found = caller.get("/v1/mornings/assigning").json()
    return found["num_assigned"], found["assign_median_s"], found["assign_slow_s"]


def listed(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["number"], each["why"]) for each in rows]


def test_a_week_is_told_in_counts_that_lead_to_the_jobs_behind_them(story, operator):
    pays(story, operator, approve_after_days=5)
    good, back, missing = (story.assigned() for _ in range(3))
    was_to_start(story, good, 5)
    good.does("confirm", "leave", "check-in", "check-out")
    assert good.technician.post(f"{good.job_url}/finish").status_code == 200
    was_to_start(story, back, 40)
    back.does("confirm", "leave", "check-in")
    assert back.technician.post(f"{back.visit}/check-out", RETURN).status_code == 200
    was_to_start(story, missing, 90)
    assert missing.staff.post(f"{missing.visit}/no-show", {"why": "called_no_answer"}).status_code == 200
    nobody, _ = story.town.offered(slots=[{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "90.00"}}])
    dropped, _ = story.town.offered()
    story.town.staff.post(f"/v1/jobs/{dropped['id']}/cancel", {"why": "not_needed"})
    for given, after_s in ((good, 600), (back, 1200), (missing, 1200)):
        was_posted(story, given, after_s)

    found = morning(story.town.staff)
    assert [found[f"num_{each}"] for each in ("posted", "filled", "unfilled", "cancelled", "asking")] == [5, 1, 1, 1, 2]
    assert (found["unfilled_by"], listed(found["unfilled"])) == ({"level": 1}, [(nobody["number"], "level")])
    assert (found["num_begun"], found["num_in_time"]) == (2, 1)
    assert listed(found["late"]) == [(back.job["number"], "40")]
    assert found["late"][0]["time_zone"] == "America/Chicago"
    assert (found["num_first_visits"], found["num_first_complete"]) == (2, 1)
    assert listed(found["returns"]) == [(back.job["number"], "part")]
    assert (found["num_due"], found["num_no_shows"]) == (3, 1)
    assert listed(found["no_shows"]) == [(missing.job["number"], "no_show")]
    assert (found["num_assigned"], found["assign_median_s"], found["assign_slow_s"]) == (3, 1200, 1200)
    assert assigning(story.town.staff) == (3, 1200, 1200)
    assert found["costs"] == [{"currency": "USD", "agreed": "280.00", "approved": "0.00"}]
    [waits] = found["waiting"]
    assert (waits["currency"], waits["num_jobs"], waits["claimed"]) == ("USD", 1, "140.00")
    in_days = (datetime.fromisoformat(waits["first_by"]) - datetime.now(UTC)) / timedelta(days=1)
    assert 4.9 < in_days <= 5
    assert good.staff.post(f"{good.job_url}/approve").status_code == 200
    after = morning(story.town.staff)
    assert (after["waiting"], after["costs"][0]["approved"]) == ([], "140.00")

    # Nothing of it is another client's; a span that ended before has nothing of it.
    empty = morning(story.town.stranger)
    assert {name: value for name, value in empty.items() if value and name not in ("since", "until")} == {}
    with story.town.world.as_engine() as (session, _):
        long_ago = datetime.now(UTC) - timedelta(days=30)
        session.execute(update(JobRow).values(posted_at=long_ago))
    assert morning(story.town.staff)["num_posted"] == 0
    assert assigning(story.town.stranger) == (0, None, None)
    assert good.technician.get("/v1/mornings/service").status_code == 403
    assert good.technician.get("/v1/mornings/assigning").status_code == 403
    assert story.town.staff.get("/v1/mornings/service?days=0").status_code == 422


def paying(amount: str) -> list[dict[str, Any]]:
    return [{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": amount}}]


def employs(story, operator, admin, technician_id):
    """From now on they are on the payroll of the client's partner."""
    engagement = f"/v1/technicians/{technician_id}/engagement"

    def says_w2():
        return admin.patch(engagement, {"engaged_as": "w2"}, admin.get(engagement).headers["ETag"])

    assert says_w2().json()["errors"][0]["path"] == "/engaged_as", "there is nobody to pay them"
    company = operator.post("/v1/companies", {"name": "Payday Partners"}).json()["id"]
    url = f"/v1/clients/{story.town.world.client}/limits"
    named = admin.patch(url, {"payroll_company_id": company}, admin.get(url).headers["ETag"])
    assert (named.status_code, named.json()["payroll_company_id"]) == (200, company)
    assert says_w2().status_code == 200
    kept = admin.patch(url, {"payroll_company_id": None}, admin.get(url).headers["ETag"])
    assert kept.status_code == 409, "employees are paid through it"


def test_pay_that_a_law_asks_for_is_amber_before_its_last_day_and_red_after_it_until_it_is_paid_out(
    story, operator, admin
):
    pays(story, operator, approve_after_days=20, pay_after_days=14)
    with story.town.world.as_engine() as (session, _):
        session.execute(update(SiteRow).values(region="NY"))
    given = story.assigned(slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "900.00"}}])
    assert morning(admin, "compliance")["num_pay_days"] == 0, "nothing is done yet"
    given.does("confirm", "leave", "check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    [due] = morning(admin, "compliance")["pay_days"]
    assert (due["pack"], due["version"], due["title"][:8]) == ("us-ny-freelance", 1, "New York")
    pay_by, planned = (date.fromisoformat(due[name]) for name in ("pay_by", "planned_on"))
    assert (due["level"], due["pack"], due["number"]) == ("amber", "us-ny-freelance", given.job["number"])
    assert (planned - pay_by).days == 4, "silence and the client's own days bring it 4 days too late"
    [waits] = admin.get("/v1/approvals").json()["items"]
    assert waits["pay_by"] == due["pay_by"]
    globex = story.town.key("client_admin", client_id=story.town.globex)
    assert morning(globex, "compliance")["num_pay_days"] == 0
    story.time_passes(
        "UPDATE assignments SET checked_in_at = checked_in_at - interval '32 days',"
        " checked_out_at = checked_out_at - interval '32 days' WHERE id = %(a)s",
        a=given.assignment_id,
    )
    assert [each["level"] for each in morning(admin, "compliance")["pay_days"]] == ["red"]
    trouble = "/v1/trouble?kind=pay_late"
    assert given.staff.get(trouble).json()["items"] == []
    story.sweeps()
    for reader in (given.staff, operator):
        [alarm] = reader.get(trouble).json()["items"]
        assert (alarm["job"]["id"], alarm["kind"]) == (given.job["id"], "pay_late")
        assert alarm["acts"][0]["path"] == f"/v1/jobs/{given.job['id']}/approve"
        late_on = datetime.fromisoformat(alarm["due_at"]).astimezone(ZoneInfo("America/Chicago"))
        assert (late_on.date() - pay_by).days == 1 - 32, "when the last day is over at the site"
    assert story.town.stranger.get(trouble).json()["items"] == []
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"
    story.sweeps()
    assert len(given.staff.get(trouble).json()["items"]) == 1, "a yes is no pay: it waits for its own days"
    story.time_passes("UPDATE assignments SET checked_in_at = checked_in_at + interval '9 days',"
                      " checked_out_at = checked_out_at + interval '9 days'")  # fmt: skip
    story.sweeps()
    assert given.staff.get(trouble).json()["items"] == [], "its end is more than 7 days away"
    story.time_passes("UPDATE assignments SET checked_in_at = checked_in_at - interval '1 day',"
                      " checked_out_at = checked_out_at - interval '1 day'")  # fmt: skip
    story.sweeps()
    assert len(given.staff.get(trouble).json()["items"]) == 1
    employs(story, operator, admin, given.technician_id)
    story.sweeps()
    assert len(morning(admin, "compliance")["pay_days"]) == 1, "what a contractor did stays a contractor's"
    assert len(given.staff.get(trouble).json()["items"]) == 1


def test_the_pay_of_who_is_employed_is_the_payroll_partners_to_give(story, operator, admin):
    pays(story, operator, approve_after_days=20, pay_after_days=14)
    with story.town.world.as_engine() as (session, _):
        session.execute(update(SiteRow).values(region="NY"))
    contractor = story.assigned(slots=paying("900.00"))
    employs(story, operator, admin, contractor.technician_id)
    start = story.town.world.start + timedelta(days=1)
    next_day = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    employed = story.assigned(slots=paying("950.00"), window=next_day)
    assert employed.technician_id == contractor.technician_id, "the best again"
    story.time_passes("UPDATE assignments SET checked_in_at = now() - interval '41 days',"
                      " checked_out_at = now() - interval '40 days'")  # fmt: skip
    assert [day["number"] for day in morning(admin, "compliance")["pay_days"]] == [contractor.job["number"]]
    story.sweeps()
    [alarm] = contractor.staff.get("/v1/trouble?kind=pay_late").json()["items"]
    assert alarm["job"]["id"] == contractor.job["id"]


def test_rules_of_pay_that_could_not_keep_a_law_of_a_state_where_the_client_works_are_refused_by_name(story, operator):
    url = f"/v1/clients/{story.town.world.client}/money"
    late, in_time, never = (
        {"approve_after_days": silent, "pay_after_days": days} for silent, days in ((20, 11), (20, 10), (0, 30))
    )
    assert operator.post(url, {"rules": late}).status_code == 200, "no site is in such a state"
    with story.town.world.as_engine() as (session, _):
        session.execute(update(SiteRow).values(region="NY"))
    refused = operator.post(url, {"rules": late})
    assert refused.status_code == 422
    assert all(
        each in refused.text for each in ("approve_after_days 20 and pay_after_days 11", "us-ny-freelance", "30")
    )
    assert operator.post(url, {"rules": {"pay_after_days": 24}}).status_code == 422, (
        "silence says yes after 7 by itself"
    )
    for good in (in_time, never):
        assert operator.post(url, {"rules": good}).status_code == 200


def test_what_waits_says_who_signed_and_what_ones_own_yes_would_lack(story, operator, admin):
    pays(story, operator, second_above="100", limits={"client_admin": "1000", "dispatcher": "1000"})
    given = story.assigned()
    given.does("confirm", "leave", "check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    [mine] = given.staff.get("/v1/approvals").json()["items"]
    assert (mine["number"], mine["town"], mine["claimed"]) == (given.job["number"], "Alpine", "140.00")
    assert (mine["num_signatures"], mine["is_signed_by_me"], mine["missing"]) == (0, False, "second")
    [part] = mine["parts"]
    assert (part["technician_id"], part["payment"]["state"]) == (str(given.technician_id), "held")
    assert part["technician"].startswith("Technician")
    requester = story.town.key("requester", client_id=story.town.world.client)
    own = f"/v1/approvals?job_id={given.job['id']}"
    [refused] = requester.get(own).json()["items"]
    assert (refused["missing"], refused["limit"]) == ("limit", "0.00")
    assert refused["roles"] == ["client_admin", "dispatcher"]
    no = requester.post(f"{given.job_url}/approve").json()
    assert (no["status"], no["detail"]) == (403, "a requester may approve up to 0 USD of a job, not 140.00")
    assert story.town.stranger.get(own).json()["items"] == []
    assert given.staff.get(f"/v1/approvals?job_id={new_id()}").json()["items"] == []
    assert story.town.stranger.get("/v1/approvals").json()["items"] == []
    assert given.technician.get("/v1/approvals").status_code == 403

    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "done", "one signature is not enough"
    [signed] = given.staff.get("/v1/approvals").json()["items"]
    assert (signed["num_signatures"], signed["is_signed_by_me"]) == (1, True)
    [theirs] = admin.get("/v1/approvals").json()["items"]
    assert (theirs["num_signatures"], theirs["is_signed_by_me"], theirs["missing"]) == (1, False, "second")
    assert (theirs["signed_by"], theirs["limit"]) == ([], "1000.00"), "a key that names nobody is nobody"
    al, bea = (story.town.named("client_admin", name) for name in ("Al", "Bea"))
    assert al.post(f"{given.job_url}/approve").json()["state"] == "done", "one person, whatever keys have signed"
    [theirs] = bea.get("/v1/approvals").json()["items"]
    assert (theirs["signed_by"], theirs["missing"]) == (["Al"], None)
    assert bea.post(f"{given.job_url}/approve").json()["state"] == "approved"
    assert admin.get("/v1/approvals").json()["items"] == []


def test_compliance_reads_exceptions_levels_endings_and_readings_with_their_names(story, admin):
    town, world = story.town, story.town.world
    with world.as_engine() as (session, now):
        session.add(CredentialKindRow(code=BRIEFED, name="Site briefing"))
        session.flush()
        proof = {"kind": BRIEFED, "state": "verified", "valid_from": now.date(), "created_at": now}
        rows = [{"id": new_id(), "technician_id": each, **proof, "valid_until": now.date() + timedelta(days=90)}
                for each in world.technicians]  # fmt: skip
        session.execute(insert(CredentialRow), rows)
    url = f"/v1/clients/{world.client}/limits"
    own = {"own": [{"id": "ours", "hours": 2.4, "window_months": 12, "binding": "soft"}]}
    assert admin.patch(url, {"limits": own}, admin.get(url).headers["ETag"]).status_code == 200
    needs = {"skills": {"hvac": 2}, "credentials": [BRIEFED]}
    cleared = {"kinds": [BRIEFED], "texts": [{"name": "alarm_code", "text": "4471"}]}
    given = story.assigned(slots=[{"needs": needs, "pay": {"amount": "140.00"}}], cleared=cleared)
    story.sweeps()
    assert given.staff.get(f"{given.job_url}/cleared").status_code == 200
    pool = admin.post("/v1/pools", {"name": "Regulars"}).json()["id"]
    asks = f"/v1/pools/{pool}/requirements"
    admin.patch(asks, {"requirements": {"skills": {"drones": 2}}}, admin.get(asks).headers["ETag"])
    wish = {"is_member": True, "reason": "Trained by us", "until": (world.start + timedelta(days=9)).isoformat()}
    assert admin.call("PUT", f"/v1/pools/{pool}/overrides/{given.technician_id}", json=wish).status_code == 200
    quiet = morning(admin, "compliance")
    assert quiet["expiries"] == [], "it is good for ninety days"
    ends = world.start.date() - timedelta(days=1)
    story.time_passes("UPDATE credentials SET valid_until = %(d)s WHERE technician_id = %(t)s AND kind = %(k)s",
                      d=ends, t=given.technician_id, k=BRIEFED)  # fmt: skip

    found = morning(admin, "compliance")
    assert [found[f"num_{each}"] for each in ("overrides", "pairs", "expiries", "readings")] == [1, 1, 1, 1]
    name = found["overrides"][0]["technician"]
    assert name.startswith("Technician")
    assert (found["overrides"][0]["reason"], found["overrides"][0]["pool"]) == ("Trained by us", "Regulars")
    [pair] = found["pairs"]
    assert (pair["technician"], pair["was"], pair["level"], pair["level_now"]) == (name, "green", "amber", "amber")
    assert [(each["pack"], each["level"]) for each in pair["limits"]] == [("ours", "amber")]
    [ending] = found["expiries"]
    assert (ending["kind"], ending["valid_until"], ending["number"]) == (BRIEFED, str(ends), given.job["number"])
    assert (ending["num_visits"], ending["num_after"], ending["technician"]) == (1, 1, name)
    assert {ending["time_zone"], found["readings"][0]["time_zone"]} == {"America/Chicago"}
    [reading] = found["readings"]
    assert (reading["number"], reading["names"], reading["reader_kind"]) == (
        given.job["number"], ["alarm_code"], "dispatcher",
    )  # fmt: skip

    globex = town.key("client_admin", client_id=town.globex)
    empty = morning(globex, "compliance")
    assert {key: value for key, value in empty.items() if value and key not in ("since", "until")} == {}
    assert town.staff.get("/v1/mornings/compliance").status_code == 403
    # What a client may not read of a technician is not told here either.
    with world.as_engine() as (session, _):
        session.execute(update(CredentialKindRow).where(CredentialKindRow.code == BRIEFED).values(is_screening=True))
    assert morning(admin, "compliance")["num_expiries"] == 0


def test_the_operator_reads_rules_chains_and_removals(story, operator, admin_url):
    packs = {each["id"]: each for each in operator.get("/v1/rule-packs").json()["items"]}
    newest, first = packs["us-1099-nec"]["versions"]
    assert (first["changes"], newest["version"]) == ([], 2)
    amount = next(each for each in newest["changes"] if each["field"] == "thresholds.amount")
    assert (amount["before"], amount["after"]) == (600, 2000)
    given = story.assigned()
    whole = operator.get(f"/v1/audit/chain?client_id={story.town.world.client}").json()
    assert (whole["is_whole"], whole["first_break"], whole["num_events"] > 3) == (True, None, True)
    assert operator.get("/v1/audit/chain").json()["is_whole"] is True
    assert operator.get(f"/v1/audit/chain?client_id={UUID(int=7)}").status_code == 404
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        forged = text("UPDATE events SET data = '{}' WHERE kind = 'posted' AND subject_id = :job")
        assert connection.execute(forged, {"job": given.job["id"]}).rowcount == 1
    broken = operator.get(f"/v1/audit/chain?client_id={story.town.world.client}").json()
    assert (broken["is_whole"], broken["first_break"]["what"]) == (False, "event_altered")
    for path in ("rule-packs", "audit/chain", "removals"):
        assert story.town.staff.get(f"/v1/{path}").status_code == 403
    assert operator.get("/v1/removals").json()["items"] == []
