"""Pools that open by themselves, and pools that are brought along: told from the client's and the technician's side."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from outboxes import Post
from sqlalchemy import select, update
from town import Town

from dispatch.record.tables import AdmissionRow, JobRow, TechnicianMarkRow, TechnicianRow

FILE = (
    "name,email,phone,postcode,lat,lng,skills\n"
    "Technician Zero,T0@example.com,,79830,,,\n"
    "Rosa Marsh,rosa@new.example,,79830,,,hvac:4\n"
)


def done(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


def made_pool(town: Town, name: str = "Regulars") -> str:
    return done(town.staff.post("/v1/pools", {"name": name}), 201)["id"]


def opened(story: Any, asks: dict[str, Any], name: str = "Open house") -> str:
    pool = made_pool(story.town, name)
    url = f"/v1/pools/{pool}/requirements"
    headers = {"If-Match": story.town.staff.get(url).headers["ETag"]}
    done(story.town.staff.call("PATCH", url, json={"requirements": asks}, headers=headers))
    story.sweeps()
    return pool


def members(town: Town, pool: str) -> set[str]:
    found = done(town.staff.get(f"/v1/technicians?pool_id={pool}"))["items"]
    return {each["id"] for each in found}


def sends(town: Town, pool: str, data: str, **query: Any) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    headers = {"Content-Type": "text/csv", "Idempotency-Key": str(uuid4())}
    url = f"/v1/pool-invitations?pool_id={pool}{more}"
    return town.staff.call("POST", url, content=data.encode(), headers=headers)


def test_a_pool_opens_to_all_who_meet_it_and_everyone_sees_what_they_lack(story, town: Town):
    pool = opened(story, {"skills": {"hvac": 3}, "near": [{"lat": 30.3585, "lng": -103.661, "km": 4}]})
    near = {str(each) for each in town.world.technicians[:3]}
    assert near <= members(town, pool) < {str(each) for each in town.world.technicians}
    (mine,) = done(town.technician(0).get("/v1/open-pools"))["items"]
    assert (mine["name"], mine["client"], mine["is_member"]) == ("Open house", "Acme service", True)
    assert [(each["code"], each["holds"], each["remedy"]) for each in mine["checks"]][2:] == [
        ("skill", True, ""),
        ("location", True, ""),
    ]
    (far,) = done(town.technician(7).get("/v1/open-pools"))["items"]
    (cross,) = [each for each in far["checks"] if not each["holds"]]
    assert (cross["code"], cross["text"]) == (
        "location",
        "your home, as clients see it, is 5 km outside the pool's area",
    )
    assert cross["remedy"] == "if you have moved, change your base in your profile"
    stale = town.staff.call(
        "PATCH", f"/v1/pools/{pool}/requirements", json={"requirements": None}, headers={"If-Match": '"v1"'}
    )
    assert stale.status_code == 412


def test_an_exception_has_a_reason_and_an_end_and_shows_to_whom_it_was_made(story, town: Town):
    pool = opened(story, {"skills": {"drones": 2}})
    who, url = town.world.technicians[4], f"/v1/pools/{pool}/overrides/{town.world.technicians[4]}"
    until = (town.world.start + timedelta(days=30)).isoformat()
    wish = {"is_member": True, "reason": "Trained by us in May", "until": until}
    for missing in ("reason", "until"):
        bad = town.staff.call("PUT", url, json={name: value for name, value in wish.items() if name != missing})
        assert bad.status_code == 422
    far = town.staff.call("PUT", url, json=wish | {"until": "2099-01-01T00:00:00Z"})
    assert (far.status_code, far.json()["errors"][0]["path"]) == (422, "/until")
    done(town.staff.call("PUT", url, json=wish))
    assert members(town, pool) == {str(who)}
    (mine,) = done(town.by_id(who).get("/v1/open-pools"))["items"]
    assert (mine["is_member"], mine["until_at"] is not None) == (True, True)
    assert [each["reason"] for each in town.staff.get(f"/v1/pools/{pool}/overrides").json()] == ["Trained by us in May"]
    by_hand = town.staff.call("PUT", f"/v1/pools/{pool}/members/{town.world.technicians[1]}")
    assert by_hand.status_code == 409
    done(town.staff.call("DELETE", url), 204)
    assert members(town, pool) == set()


def test_a_technician_sees_every_rule_of_a_job_and_what_to_do_about_each(town: Town):
    job, offers = town.offered(slots=[{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "140.00"}}])
    assert offers == []
    visit = job["visits"][0]["id"]
    told = done(town.technician(0).get(f"/v1/open-jobs/{visit}/checks"), 404)
    open_job, _ = town.offered()
    visit = open_job["visits"][0]["id"]
    told = done(town.technician(6).get(f"/v1/open-jobs/{visit}/checks"))
    assert told["may"] is True
    with town.world.as_engine() as (session, _):
        low = update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[6])
        session.execute(low.values(min_hourly=500, radius_km=1))
    told = done(town.technician(6).get(f"/v1/open-jobs/{visit}/checks"))
    crosses = {each["code"]: each["remedy"] for each in told["checks"] if not each["holds"]}
    assert set(crosses) == {"area", "rate"}
    assert crosses["area"] == "widen your radius or area, if you want to drive there"
    done(
        town.staff.call(
            "PUT", f"/v1/technicians/{town.world.technicians[6]}/mark", json={"kind": "block", "reason": "Rude"}
        )
    )
    done(town.technician(6).get(f"/v1/open-jobs/{visit}/checks"), 404)


def test_a_pool_is_brought_by_file_and_the_same_file_again_changes_nothing(story, town: Town):
    pool, post = made_pool(town), Post(town.world)
    would = done(sends(town, pool, FILE, dry_run="true"))
    assert (would["is_dry_run"], would["counts"]) == (True, {"invited": 2})
    with town.world.as_engine() as (session, _):
        assert session.scalars(select(AdmissionRow.id)).all() == []
        assert session.scalar(select(TechnicianRow.id).where(TechnicianRow.email == "rosa@new.example")) is None
    first = done(sends(town, pool, FILE))
    assert [(each["line"], each["outcome"]) for each in first["rows"]] == [(2, "invited"), (3, "invited")]
    assert done(sends(town, pool, FILE + "\n"))["counts"] == {"there": 2}
    listed = done(town.staff.get("/v1/admissions?state=invited"))["items"]
    assert {(each["name"], each["email"], each["technician_id"]) for each in listed} == {
        ("Technician Zero", "t0@example.com", None),
        ("Rosa Marsh", "rosa@new.example", None),
    }
    mail = next(each for each in post.goes_out() if each.address == "rosa@new.example")
    assert "Acme service would like you to be among its technicians" in mail.body
    with town.world.as_engine() as (session, _):
        code = session.scalars(select(AdmissionRow.code).where(AdmissionRow.given_email == "rosa@new.example")).one()
    assert code in mail.body
    rosa = done(town.key("gateway").post("/v1/invitations/redeem", {"code": code}))
    assert rosa["state"] == "admitted"
    assert members(town, pool) == {rosa["technician_id"]}
    shown = done(town.staff.get(f"/v1/technicians/{rosa['technician_id']}"))
    assert (shown["state"], shown["in_market"], shown["skills"]) == ("active", False, {"hvac": 4})
    other = made_pool(town, "Others")
    assert done(sends(town, other, FILE))["counts"] == {"invited": 1, "joined": 1}


def test_a_no_stands_and_every_bad_row_of_a_file_is_named(town: Town):
    pool = made_pool(town)
    done(sends(town, pool, FILE))
    (own,) = done(town.technician(0).get("/v1/admissions"))["items"]
    done(town.technician(0).post(f"/v1/admissions/{own['id']}/decline", {"reason": "other"}))
    assert done(sends(town, pool, FILE + "\n"))["counts"] == {"declined": 1, "there": 1}
    bad = sends(town, pool, FILE + "=1,x@example.org,,79830,,,\nBo,bo@example.org,,79830,,,juggling\nC,c,,79830,,,\n")
    assert bad.status_code == 422
    assert [each["path"] for each in bad.json()["errors"]] == ["/4/name", "/6/email"]
    unknown = sends(town, pool, FILE + "Bo,bo@example.org,,79830,,,juggling\n")
    assert [each["path"] for each in unknown.json()["errors"]] == ["/4/skills"]
    large = sends(town, pool, "x" * 10_000_000)
    assert large.status_code == 413
    assert (
        town.stranger.call(
            "POST", f"/v1/pool-invitations?pool_id={pool}", content=FILE.encode(), headers={"Idempotency-Key": "s"}
        ).status_code
        == 404
    )


def test_who_blocked_a_client_hears_nothing_of_its_invitation_and_it_does_not_learn_why(story, town: Town):
    pool, post = made_pool(town), Post(town.world)
    with town.world.as_engine() as (session, now):
        session.add(
            TechnicianMarkRow(
                technician_id=town.world.technicians[0],
                client_id=town.world.client,
                kind="block",
                reason="They do not pay",
                marked_at=now,
            )
        )
    assert done(sends(town, pool, FILE))["counts"] == {"invited": 2}
    assert {each.address for each in post.goes_out()} == {"rosa@new.example"}


@pytest.mark.parametrize("who", ["technician", "requester"])
def test_pools_are_not_everybodys_to_keep(town: Town, who: str):
    pool = made_pool(town)
    owner = {"technician_id": town.world.technicians[0]} if who == "technician" else {"client_id": town.world.client}
    caller = town.key(who, **owner)
    assert caller.call("PUT", f"/v1/pools/{pool}/overrides/{UUID(int=1)}", json={}).status_code == 403
    assert caller.post("/v1/invitations", {"technician_id": str(UUID(int=1))}).status_code == 403


def test_a_technician_reads_what_one_proof_would_have_opened_in_spans_and_of_no_private_pool(story, town: Town):
    """Six jobs wanted a check that they lack, one more insurance as well; three were a pool's, which is not theirs."""
    me, path = town.technician(), f"/v1/technicians/{town.world.technicians[0]}"
    done(town.key("operator").post("/v1/credential-kinds", {"code": "nda", "name": "NDA", "family": "agreement"}), 201)
    assert done(me.get(f"{path}/openings")) == {"within_miles": 40, "days": 30, "items": []}
    pool = made_pool(town)
    wants(town, 4, credentials=["background_check"])
    wants(town, 3, credentials=["nda"], market=False, pools=[pool])
    wants(town, 1, credentials=["background_check", "nda"])
    wants(town, 1, credentials=["nda"])
    wants(town, 1, credentials=["background_check"], skills={"drones": 3})
    few = done(me.get(f"{path}/openings"))["items"]
    assert [(each["kind"], each["at_least"]) for each in few] == [("background_check", 0), ("nda", 0)]
    assert few[0]["text"] == "fewer than 5 jobs within 40 miles in the last 30 days"
    assert [each["remedy"] for each in few] == ["hand in a valid background_check", "read and sign nda"]
    wants(town, 2, credentials=["background_check"])
    more = done(me.get(f"{path}/openings"))["items"]
    assert [(each["kind"], each["at_least"]) for each in more] == [("background_check", 5), ("nda", 0)]
    story.everybody_proves("background_check", 90)
    after = done(me.get(f"{path}/openings"))["items"]
    assert [(each["kind"], each["at_least"]) for each in after] == [("nda", 0)], "with the one, the other opens more"
    assert me.get(f"/v1/technicians/{town.world.technicians[1]}/openings").status_code == 404
    assert town.staff.get(f"{path}/openings").status_code == 403
    far = update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[0]).values(lat=30.9418)
    with town.world.as_engine() as (session, _):
        session.execute(far)  # 0.5833 degrees north of the site: 64.86 km, over 40 miles
    assert done(me.get(f"{path}/openings"))["items"] == []
    with town.world.as_engine() as (session, _):
        session.execute(far.values(lat=30.9363))  # 64.25 km: within
        session.execute(update(JobRow).values(created_at=JobRow.created_at - timedelta(days=31)))
    assert done(me.get(f"{path}/openings"))["items"] == []


def wants(town: Town, num: int, **needs: Any) -> None:
    """Acme posts so many jobs with these needs."""
    slot = {"needs": {"skills": {"hvac": 2}} | needs, "pay": {"amount": "140.00"}}
    for _ in range(num):
        town.posted(slots=[slot])


def test_a_pools_agreement_is_told_with_what_to_do_about_it(story, town: Town):
    admin, me = town.key("client_admin", client_id=town.world.client), town.technician()
    done(town.key("operator").post("/v1/credential-kinds", {"code": "nda", "name": "NDA", "family": "agreement"}), 201)
    words = {"kind": "nda", "words": "Keep it to yourself."}
    text = done(admin.post(f"/v1/clients/{town.world.client}/agreements", words), 201)
    opened(story, {"skills": {"hvac": 1}, "agreements": ["nda"]})
    assert nda_of(me) == (False, "nda is not signed with this client", "read and sign nda")
    done(me.post(f"/v1/agreements/{text['id']}/sign", {"sha256": text["sha256"]}), 201)
    assert nda_of(me) == (True, "nda is signed", "")
    story.sweeps()
    (mine,) = done(me.get("/v1/open-pools"))["items"]
    assert mine["is_member"]


def nda_of(who: Any) -> tuple[bool, str, str]:
    (pool,) = done(who.get("/v1/open-pools"))["items"]
    return next((each["holds"], each["text"], each["remedy"]) for each in pool["checks"] if each["code"] == "agreement")
