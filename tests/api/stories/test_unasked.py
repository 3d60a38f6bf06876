"""Work that was decided about without asking: its technicians read why, of themselves alone, and ask for a person.

Technicians of the town have `hvac` at level 3 and live in a row north of Acme's site, 1 km from one to the next; Globex
has nothing to do with any of them. Waves are of two.
"""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import NullPool, create_engine, delete, select, text

from dispatch.record.tables import (
    AdmissionRow,
    ClientMarkRow,
    DecisionRow,
    EventRow,
    PoolMemberRow,
    PoolRow,
    TechnicianMarkRow,
    TechnicianRow,
    TechnicianSkillRow,
    new_id,
)

URL = "/v1/technicians/me/decisions"
TWO = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}
SKILLED = {"skills": {"hvac": 2}}


def slots(**needs):
    return [{"needs": SKILLED | needs, "pay": {"amount": "140.00"}}]


def read(town, technician):
    answer = town.by_id(technician).get(URL)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def failed(decision):
    return [each["rule"] for each in decision["rules"] if not each["holds"]]


@pytest.fixture
def left_out(town):
    """Whom the first wave of a job left out, best first; the last of them shows no skill."""
    people = town.world.technicians
    with town.world.as_engine() as (session, _):
        session.execute(delete(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == people[-1]))
    town.app.state.parts.refresh()
    job, offers = town.offered(policy=TWO, slots=slots())
    asked = {row.technician_id for row in offers}
    assert len(asked) == 2
    return job, [each for each in people if each not in asked]


def test_who_was_not_asked_reads_what_stood_in_the_way_or_how_they_stood_and_what_to_do(town, left_out):
    job, (first, *_, unskilled) = left_out
    (own,) = read(town, first)
    assert (own["job_id"], own["may"], own["was_asked"], own["outcome"]) == (job["id"], True, False, "not_asked")
    assert own["place"] > 2
    assert failed(own) == []
    names = {each["name"] for each in own["weights"]}
    assert {"travel", "reputation", "skill"} <= names
    assert "preference" not in names
    assert own["work"]["title"] == job["title"]
    (low,) = read(town, unskilled)
    assert (low["may"], low["place"], failed(low)) == (False, None, ["skill"])
    (skill,) = [each for each in low["rules"] if each["rule"] == "skill"]
    assert (skill["text"], skill["words"]) == ("lacks hvac", "lacks a skill")
    assert skill["advice"] == "show the operator proof of the skill, and have it added"
    assert all(each["advice"] == "" for each in low["rules"] if each["holds"])
    # Whoever was asked reads the decision behind their offer instead.
    asked = next(each for each in town.world.technicians if each not in left_out[1])
    assert read(town, asked) == []
    for caller in (town.staff, town.key("operator")):
        assert caller.get(URL).status_code == 403


def test_a_person_looks_and_answers_by_a_date(town, left_out):
    _, (first, second, *_) = left_out
    (own,) = read(town, first)
    wish = {"decision_id": own["decision_id"], "words": "I live next door"}
    asked = town.by_id(first).post("/v1/reviews", wish)
    assert asked.status_code == 201, asked.text
    review = asked.json()
    assert (review["about"], review["state"], review["technician_id"]) == ("decision", "open", str(first))
    assert review["due_at"] > own["decided_at"]
    assert town.by_id(first).post("/v1/reviews", wish).status_code == 409
    assert town.by_id(first).post("/v1/reviews", {**wish, "technician_id": str(second)}).status_code == 404
    assert read(town, first)[0]["review_id"] == review["id"]
    assert read(town, second)[0]["review_id"] is None, "each asks for themselves"
    done = town.staff.post(f"/v1/reviews/{review['id']}/answer", {"verdict": "rejected", "words": "Two were enough"})
    assert done.status_code == 200, done.text
    (told,) = town.by_id(first).get("/v1/reviews").json()["items"]
    assert (told["state"], told["answer"]) == ("rejected", "Two were enough")


def test_nothing_is_finer_than_an_offer_would_tell_it_and_nothing_is_of_others(town, left_out):
    job, (first, *others) = left_out
    (own,) = read(town, first)
    place = own["work"]["place"]
    assert (place["is_exact"], place["address"], place["site_id"]) == (False, None, None)
    exact = town.staff.get(f"/v1/jobs/{job['id']}").json()["place"]
    assert (place["lat"], place["lng"]) != (round(exact["lat"], 4), round(exact["lng"], 4))
    (area,) = [each["text"] for each in own["rules"] if each["rule"] == "area"]
    assert "." not in area.split(" km")[0], "the way to the door is told by the kilometre"
    assert all(each["part"] == round(each["part"], 2) for each in own["weights"])
    told = json.dumps(own)
    assert not any(str(each) in told for each in others)
    with town.world.as_engine() as (session, _):
        rows = session.scalars(select(TechnicianRow).where(TechnicianRow.id != first)).all()
        assert not any(row.number in told or row.name in told for row in rows)
    assert exact["address"] not in told


def test_a_block_of_the_client_is_not_seen_neither_by_words_nor_by_what_is_gone(town, left_out):
    _, (first, second, third, *_) = left_out
    before = read(town, first)
    with town.world.as_engine() as (session, now):
        block = {"client_id": town.world.client, "kind": "block", "reason": "a quarrel", "marked_at": now}
        session.add(ClientMarkRow(technician_id=first, **block))
        session.add(TechnicianMarkRow(technician_id=second, **block))
    town.app.state.parts.refresh()
    assert read(town, first) == before, "what was told before stays as it was"
    town.offered(policy=TWO, slots=slots())
    with town.world.as_engine() as (session, _):
        newest = session.scalars(select(DecisionRow.id).order_by(DecisionRow.id.desc()).limit(1)).one()
    assert read(town, first) == before
    assert read(town, second)[0]["decision_id"] != str(newest)
    assert read(town, third)[0]["decision_id"] == str(newest), "others do read it"
    assert not any("block" in json.dumps(each["text"]) for each in before[0]["rules"] if not each["holds"])
    for who in (first, second):
        wish = {"decision_id": str(newest), "words": "Why?"}
        refused = town.by_id(who).post("/v1/reviews", wish)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_of_work_for_us_persons_others_read_that_alone(town):
    town.app.state.parts.refresh()
    words = {"title": "Refit the radar", "description": "Hangar 9"}
    town.offered(policy=TWO, slots=slots(clearance=True), **words)
    (own,) = read(town, town.world.technicians[0])
    assert (own["work"], own["weights"], own["place"], own["may"]) == (None, [], None, False)
    assert [(each["rule"], each["holds"]) for each in own["rules"]] == [("clearance", False)]
    told = json.dumps(own)
    assert not any(each in told for each in ("radar", "Hangar", "hvac", "140.00", "Acme"))
    assert "citizen, permanent resident or protected individual" in own["rules"][0]["advice"]


def test_work_of_a_client_that_has_nothing_to_do_with_them_is_not_theirs_to_know_of(town):
    """A pool's work: who is neither in it nor admitted reads nothing, who is admitted reads the cross."""
    known, stranger = town.world.technicians[3:5]
    with town.world.as_engine() as (session, now):
        pool_id = new_id()
        session.add(PoolRow(id=pool_id, client_id=town.world.client, name="Night crew", created_at=now))
        session.flush()
        member = {"client_id": town.world.client, "pool_id": pool_id, "technician_id": town.world.technicians[5]}
        session.add(PoolMemberRow(**member, joined_at=now))
        admitted = {"client_id": town.world.client, "state": "admitted", "created_at": now, "moved_at": now}
        session.add(AdmissionRow(id=new_id(), technician_id=known, **admitted))
    town.app.state.parts.refresh()
    town.offered(policy=TWO, slots=slots(pools=[str(pool_id)], market=False))
    assert read(town, stranger) == []
    with town.world.as_engine() as (session, _):
        decision = str(session.scalars(select(DecisionRow.id)).one())
    wish = {"decision_id": decision, "words": "Why?"}
    assert town.by_id(stranger).post("/v1/reviews", wish).status_code == 404
    (cross,) = read(town, known)
    assert (failed(cross), cross["work"]["client"]) == (["pool"], "Acme service")
    # The market's own work is told to everybody, and whose it is to whom the client let in.
    town.offered(policy=TWO, slots=slots())
    open_to_all = {each: [one for one in read(town, each) if one["may"]] for each in town.world.technicians}
    clients = {each: [one["work"]["client"] for one in found] for each, found in open_to_all.items() if found}
    assert clients.pop(known) == ["Acme service"]
    assert len(clients) >= 4
    assert all(each == [None] for each in clients.values())


def test_a_list_goes_on_page_by_page_tells_the_newest_decision_once_and_nothing_after_ninety_days(
    town, left_out, admin_url
):
    _, (first, *_) = left_out
    later, _ = town.offered(policy=TWO, slots=slots(), window=_next_day(town))
    whole = [each["job_id"] for each in read(town, first)]
    assert (len(whole), whole[0]) == (2, later["id"])
    me, paged, cursor = town.by_id(first), [], None
    for _ in range(10):
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        answer = me.get(URL, params=query).json()
        paged += [each["job_id"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert paged == whole
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE decisions SET decided_at = decided_at - interval '91 days'"))
    assert read(town, first) == []
    assert me.get(URL, params={"cursor": "made-up"}).status_code == 422


def test_that_it_was_asked_is_told_once_and_by_ids_alone(town, left_out):
    job, (first, *_) = left_out
    (own,) = read(town, first)
    wish = {"decision_id": own["decision_id"], "words": "I live next door"}
    assert town.by_id(first).post("/v1/reviews", wish).status_code == 201
    with town.world.as_engine() as (session, _):
        (event,) = session.scalars(select(EventRow).where(EventRow.subject_kind == "review")).all()
    assert (event.kind, UUID(event.data["job"]), event.data["technician"]) == ("made", UUID(job["id"]), str(first))
    assert "next door" not in json.dumps(event.data)


def _next_day(town):
    start = town.world.start + timedelta(days=1)
    return {"start_at": start.isoformat(), "end_at": start.replace(hour=start.hour + 4).isoformat()}
