"""Who is let in, by whom, and what becomes of it: told from all sides."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from letin import AGREEMENT
from sqlalchemy import select, update
from town import Caller, Town

from dispatch.record.tables import AdmissionRow, EventRow, OfferRow, TechnicianRow


def operator(town: Town) -> Caller:
    return town.key("operator")


def done(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


def outside_the_market(town: Town, num: int = 0) -> UUID:
    """A technician whom nobody finds who does not know them."""
    who = town.world.technicians[num]
    with town.world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(in_market=False))
    return who


def asked(town: Town, **job: Any) -> set[UUID]:
    """Whom the first wave of a new job asks."""
    _, offers = town.offered(**job)
    return {offer.technician_id for offer in offers}


def state_of(offer: OfferRow, town: Town) -> str:
    with town.world.as_engine() as (session, _):
        return session.scalars(select(OfferRow.state).where(OfferRow.id == offer.id)).one()


def why_not(town: Town, job: dict[str, Any], who: UUID) -> set[str]:
    """What the client reads of somebody who may not do a job."""
    town.app.state.parts.refresh()
    return {each["code"] for each in done(town.staff.get(f"/v1/jobs/{job['id']}/candidates/{who}"))["failed"]}


def move_client(town: Town, wish: str, **more: Any) -> Any:
    return operator(town).post(f"/v1/clients/{town.world.client}/{wish}", more)


def test_a_company_applies_accepts_the_agreement_and_is_approved_with_limits(town: Town):
    gateway = town.key("gateway")
    applied = done(gateway.post("/v1/clients/applications", {"name": "Initech", "regions": ["TX"]}), 201)
    assert (applied["state"], applied["moves"]) == ("applied", ["approve", "decline"])
    url = f"/v1/clients/{applied['id']}"
    early = operator(town).post(f"{url}/approve", {"credit_limit": "5000.00"})
    assert (early.status_code, "agreement" in early.json()["detail"]) == (409, True)
    etag = operator(town).get(url).headers["ETag"]
    done(operator(town).patch(url, {"agreement": AGREEMENT}, etag))
    silent = operator(town).post(f"{url}/approve", {"regions": ["TX", "NM"]})
    assert (silent.status_code, silent.json()["errors"][0]["path"]) == (422, "/credit_limit")
    assert "pays_outside" in silent.json()["detail"]
    approved = done(operator(town).post(f"{url}/approve", {"credit_limit": "5000.00", "regions": ["TX", "NM"]}))
    assert (approved["state"], approved["moves"]) == ("approved", ["suspend"])
    shown = done(operator(town).get(url))
    assert (shown["credit_limit"], shown["pays_outside"], shown["regions"]) == ("5000.00", False, ["NM", "TX"])
    money = done(operator(town).get(f"{url}/money"))
    assert (money["room"], money["rules"]["credit_limit"]) == ("5000.00", "5000.00")
    assert shown["agreement"]["accepted_by"] == "Wanda Ortiz"
    assert gateway.post(f"{url}/approve", {}).status_code == 403


def test_the_limit_of_the_approval_is_the_one_that_the_ledger_keeps(town: Town):
    url = f"/v1/clients/{town.world.client}"

    def says(**standing: Any) -> Any:
        return operator(town).patch(url, standing, operator(town).get(url).headers["ETag"])

    assert done(operator(town).get(url))["pays_outside"] is True, "said when it was let in"
    offers = [town.offered(number=f"WO-{num}")[1][num] for num in (0, 1)]
    done(says(credit_limit="140.00"))
    first, second = (town.by_id(each.technician_id).post(f"/v1/offers/{each.id}/accept", {"terms_version": 1})
                     for each in offers)  # fmt: skip
    assert (first.status_code, second.status_code) == (200, 409), second.text
    shown, money = done(operator(town).get(url)), done(operator(town).get(f"{url}/money"))
    assert (shown["credit_limit"], shown["pays_outside"], money["room"]) == ("140.00", False, "0.00")

    done(says(credit_limit="40.00"))
    assert done(operator(town).get(f"{url}/money"))["room"] == "-100.00", "nothing is taken back"
    assert asked(town, number="WO-LOW") == set(), "nobody new is asked"
    done(operator(town).post(f"{url}/money", {"rules": {"fee_share": "0.05"}}))
    assert done(operator(town).get(url))["credit_limit"] == "40.00", "what is not named stays"

    for wrong, path in (
        ({"credit_limit": None}, "/credit_limit"),
        ({"credit_limit": "200000000.00"}, "/credit_limit"),
        ({"credit_limit": "1.00", "pays_outside": True}, "/credit_limit"),
        ({"pays_outside": True}, "/pays_outside"),
        ({"agreement": None}, "/agreement"),
    ):
        refused = says(**wrong)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path), refused.text


def test_a_client_without_an_agreement_is_not_let_in_whoever_adds_it(town: Town):
    waits = done(operator(town).post("/v1/clients", {"name": "Initech", "credit_limit": "10.00"}), 201)
    assert (waits["state"], waits["credit_limit"], waits["agreement"]) == ("applied", "10.00", None)
    refused = operator(town).post("/v1/clients", {"name": "Umbra", "agreement": AGREEMENT})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/credit_limit")
    let_in = {"name": "Umbra", "agreement": AGREEMENT, "credit_limit": "10.00"}
    made = done(operator(town).post("/v1/clients", let_in), 201)
    assert (made["state"], made["agreement"]["version"]) == ("approved", "2026-01")
    assert done(operator(town).get(f"/v1/clients/{made['id']}/money"))["room"] == "10.00"


def test_a_client_that_waits_posts_nothing_and_is_told_what_is_needed(town: Town):
    applied = done(operator(town).post("/v1/clients/applications", {"name": "Initech"}), 201)
    admin = town.key("client_admin", client_id=UUID(applied["id"]))
    site = {
        "store_number": "1", "name": "First", "address": "1 Main St", "town": "Alpine", "region": "TX",
        "postcode": "79830", "lat": 30.3585, "lng": -103.661,
    }  # fmt: skip
    made = done(admin.post("/v1/sites", site), 201)
    refused = admin.post("/v1/jobs", town.job_body(site_id=made["id"]))
    assert refused.status_code == 409
    assert refused.json()["rules"] == ["client_applied"]
    assert "ask the operator" in refused.json()["detail"]
    draft = admin.post("/v1/jobs", town.job_body(site_id=made["id"], is_draft=True))
    assert draft.status_code == 409


def test_a_client_posts_only_in_its_states_whatever_a_site_calls_its_own(town: Town):
    url = f"/v1/clients/{town.world.client}"
    done(operator(town).patch(url, {"regions": ["NM"]}, operator(town).get(url).headers["ETag"]))
    refused = town.staff.post("/v1/jobs", town.job_body())
    assert (refused.status_code, refused.json()["rules"]) == (409, ["client_region"])
    assert "TX" in refused.json()["detail"]
    site = f"/v1/sites/{town.world.site}"
    done(town.staff.patch(site, {"region": "NM"}, town.staff.get(site).headers["ETag"]))
    still = town.staff.post("/v1/jobs", town.job_body())
    assert (still.status_code, still.json()["rules"]) == (409, ["client_region"])
    mine = town.key("client_admin", client_id=town.world.client)
    assert mine.patch(url, {"regions": ["TX"]}, mine.get(url).headers["ETag"]).status_code == 403
    bad = operator(town).patch(url, {"regions": ["XX"]}, operator(town).get(url).headers["ETag"])
    assert (bad.status_code, bad.json()["errors"][0]["path"]) == (422, "/regions/0")


def test_a_suspended_client_asks_nobody_any_more_and_goes_on_when_it_is_back(story, town: Town):
    given = story.assigned()
    job, offers = town.offered()
    suspended = done(move_client(town, "suspend", reason="unpaid"))
    assert suspended["assignments"] == [given.assignment_id]
    assert story.alarms("client_suspended") == [given.assignment_id]
    assert given.state() == "assigned"
    assert {state_of(offer, town) for offer in offers} == {"withdrawn"}
    late = town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert late.json()["code"] == "withdrawn"
    assert town.staff.post("/v1/jobs", town.job_body()).json()["rules"] == ["client_suspended"]
    assert town.world.send_waves() == 0
    assert done(town.technician(3).get("/v1/open-jobs"))["items"] == []
    again = move_client(town, "suspend", reason="unpaid")
    assert (again.status_code, again.json()["moves"]) == (409, ["reinstate"])
    assert done(move_client(town, "reinstate"))["state"] == "approved"
    assert story.alarms("client_suspended") == []
    assert town.world.send_waves() == 1
    assert len(town.world.offers(UUID(job["id"]))) > len(offers)
    (recalled,) = story.told("job", "offers_recalled")
    assert sorted(recalled["offers_withdrawn"]) == sorted(str(offer.id) for offer in offers)


def test_a_no_or_a_suspension_of_a_client_needs_a_reason(town: Town):
    answer = move_client(town, "suspend")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "/reason")
    assert (
        town.key("client_admin", client_id=town.world.client)
        .post(f"/v1/clients/{town.world.client}/suspend", {"reason": "other"})
        .status_code
        == 403
    )


def test_a_technician_outside_the_market_is_asked_once_both_sides_have_agreed(town: Town):
    who = outside_the_market(town)
    assert who not in asked(town)
    unknown = town.staff.post("/v1/invitations", {"technician_id": str(who)})
    assert unknown.status_code == 404
    done(town.by_id(who).post("/v1/admissions", {"client_id": str(town.world.client)}), 404)
    pool = done(town.staff.post("/v1/pools", {"name": "Open house"}), 201)
    with town.world.as_engine() as (session, _):
        session.connection().exec_driver_sql('UPDATE pools SET requirements = \'{"skills": {"drones": 5}}\'')
    applied = done(town.by_id(who).post("/v1/admissions", {"client_id": str(town.world.client)}), 201)
    assert (applied["state"], applied["client"], applied["moves"]) == ("applied", "Acme service", ["withdraw"])
    seen = done(town.staff.get("/v1/admissions?state=applied"))["items"][0]
    assert (seen["technician_id"], seen["moves"]) == (str(who), ["admit", "decline"])
    assert town.stranger.post(f"/v1/admissions/{seen['id']}/admit", {}).status_code == 404
    assert town.by_id(who).post(f"/v1/admissions/{seen['id']}/admit", {}).status_code == 409
    assert done(town.staff.post(f"/v1/admissions/{seen['id']}/admit", {}))["state"] == "admitted"
    assert who in asked(town)
    assert done(town.staff.get(f"/v1/technicians/{who}"))["name"] == "Technician 0"
    assert town.stranger.get(f"/v1/technicians/{who}").status_code == 404
    assert pool["name"] == "Open house"


def test_an_invitation_is_accepted_into_pools_declined_with_a_reason_or_withdrawn(town: Town):
    pool = done(town.staff.post("/v1/pools", {"name": "Regulars"}), 201)["id"]
    first, second, third = town.world.technicians[:3]
    ids = {}
    for who in (first, second, third):
        made = done(town.staff.post("/v1/invitations", {"technician_id": str(who), "pools": [pool]}), 201)
        ids[who] = made["id"]
    twice = town.staff.post("/v1/invitations", {"technician_id": str(first)})
    assert (twice.status_code, twice.json()["moves"]) == (409, ["withdraw"])
    mine = done(town.by_id(first).get("/v1/admissions"))["items"]
    assert [(each["id"], each["moves"]) for each in mine] == [(ids[first], ["accept", "decline"])]
    done(town.by_id(first).post(f"/v1/admissions/{ids[first]}/accept", {}))
    members = done(town.staff.get(f"/v1/technicians?pool_id={pool}"))["items"]
    assert [each["id"] for each in members] == [str(first)]
    why = town.by_id(second).post(f"/v1/admissions/{ids[second]}/decline", {})
    assert (why.status_code, why.json()["errors"][0]["path"]) == (422, "/reason")
    declined = done(town.by_id(second).post(f"/v1/admissions/{ids[second]}/decline", {"reason": "no_capacity"}))
    assert (declined["state"], declined["reason"]) == ("declined", "no_capacity")
    soon = town.staff.post("/v1/invitations", {"technician_id": str(second)})
    assert (soon.status_code, "30 days" in soon.json()["moves"][0]) == (409, True)
    done(town.staff.post(f"/v1/admissions/{ids[third]}/withdraw", {"reason": "mistake"}))
    done(town.staff.post("/v1/invitations", {"technician_id": str(third)}), 201)
    done(town.by_id(first).post(f"/v1/admissions/{ids[first]}/end", {"reason": "moved_away"}))
    assert done(town.staff.get(f"/v1/technicians?pool_id={pool}"))["items"] == []


def admitted(town: Town, who: UUID) -> str:
    made = done(town.staff.post("/v1/invitations", {"technician_id": str(who)}), 201)
    done(town.by_id(who).post(f"/v1/admissions/{made['id']}/accept", {}))
    return made["id"]


def test_a_suspension_shuts_out_even_who_is_in_the_market_and_flags_what_is_agreed(story, town: Town):
    given = story.assigned()
    who = given.technician_id
    job, offers = town.offered(window=_later(town, 1))
    offer = next(each for each in offers if each.technician_id == who)
    admission = admitted(town, who)
    suspended = done(town.staff.post(f"/v1/admissions/{admission}/suspend", {"reason": "conduct"}))
    assert suspended["assignments"] == [given.assignment_id]
    assert story.alarms("parted_still_to_come") == [given.assignment_id]
    assert state_of(offer, town) == "withdrawn"
    assert who not in asked(town, window=_later(town, 2))
    own = done(given.technician.get(f"/v1/admissions/{admission}"))
    assert (own["state"], own["reason"], own["moves"]) == ("suspended", "conduct", [])
    assert given.technician.post(f"/v1/admissions/{admission}/end", {"reason": "other"}).status_code == 409
    assert why_not(town, job, who) == {"suspended", "asked"}
    done(town.staff.post(f"/v1/admissions/{admission}/reinstate", {}))
    assert story.alarms("parted_still_to_come") == []
    assert who in asked(town, window=_later(town, 3))


def _later(town: Town, days: int) -> dict[str, str]:
    start = town.world.start + timedelta(days=days)
    return {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}


def test_a_technicians_block_is_a_no_like_any_other_to_the_client_and_a_list_to_themselves(story, town: Town):
    given = story.assigned()
    who, client = given.technician_id, town.world.client
    job, offers = town.offered(window=_later(town, 1))
    offer = next(each for each in offers if each.technician_id == who)
    said = {"kind": "block", "reason": "They shouted at me in the yard"}
    blocked = done(given.technician.call("PUT", f"/v1/clients/{client}/mark", json=said))
    assert blocked["assignments"] == [given.assignment_id]
    assert state_of(offer, town) == "declined"
    assert story.alarms("parted_still_to_come") == []
    assert why_not(town, job, who) == {"available", "asked"}
    with town.world.as_engine() as (session, _):
        told = session.execute(
            select(EventRow.kind, EventRow.client_id, EventRow.data).where(EventRow.actor_id == who)
        ).all()
    assert ("client_blocked", None, {"client": str(client)}) in told
    assert [row.kind for row in told if row.client_id == client and "block" in str(row)] == []
    assert given.state() == "assigned"


def test_a_clients_block_ends_offers_flags_assignments_and_is_taken_back(story, town: Town):
    given = story.assigned()
    who = given.technician_id
    _, offers = town.offered(window=_later(town, 1))
    offer = next(each for each in offers if each.technician_id == who)
    mark = f"/v1/technicians/{who}/mark"
    blocked = done(town.staff.call("PUT", mark, json={"kind": "block", "reason": "Broke the door"}))
    assert blocked["assignments"] == [given.assignment_id]
    assert state_of(offer, town) == "withdrawn"
    assert story.alarms("parted_still_to_come") == [given.assignment_id]
    assert "block" not in town.by_id(who).get("/v1/offers?limit=200").text
    done(town.staff.call("DELETE", mark), 204)
    assert story.alarms("parted_still_to_come") == []


def test_a_client_that_keeps_to_itself_asks_only_whom_it_admitted(town: Town):
    url = f"/v1/clients/{town.world.client}"
    admin = town.key("client_admin", client_id=town.world.client)
    done(admin.patch(url, {"policy": {"uses_market": False}}, admin.get(url).headers["ETag"]))
    who = town.world.technicians[5]
    admitted(town, who)
    assert asked(town) == {who}
    loud = town.staff.post("/v1/jobs", town.job_body(policy={"uses_market": True}))
    assert (loud.status_code, loud.json()["errors"][0]["path"]) == (422, "/policy/uses_market")


def test_an_invited_person_comes_once_with_the_code_that_was_sent_to_them(town: Town):
    who = town.world.technicians[1]
    made = done(town.staff.post("/v1/invitations", {"technician_id": str(who)}), 201)
    assert "code" not in made
    with town.world.as_engine() as (session, _):
        code = session.scalars(select(AdmissionRow.code)).one()
    gateway = town.key("gateway")
    wrong = gateway.post("/v1/invitations/redeem", {"code": "a" * 32})
    assert wrong.status_code == 404
    assert "a" * 32 not in wrong.text
    assert town.technician(2).post("/v1/invitations/redeem", {"code": code}).status_code == 404
    assert town.staff.post("/v1/invitations/redeem", {"code": code}).status_code == 403
    assert done(gateway.post("/v1/invitations/redeem", {"code": code}))["state"] == "admitted"
    assert gateway.post("/v1/invitations/redeem", {"code": code}).status_code == 404
