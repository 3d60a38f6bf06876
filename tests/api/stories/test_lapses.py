"""What does a technician read of work that a lapsed proof put at risk or took away, and who looks at it again?"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from dispatch.record.session import ENGINE
from dispatch.record.tables import EventRow
from dispatch.reputation.reviews import flag_late
from dispatch.talent.credentials import Claim, insert_credential

KIND = "site_pass"
CHECK = {"needs": {"skills": {"hvac": 2}, "credentials": [KIND]}, "pay": {"amount": "140.00"}}


@pytest.fixture
def proof(town) -> str:
    """The first technician's pass, good for long."""
    made = town.key("operator").post("/v1/credential-kinds", {"code": KIND, "name": "Site pass"})
    assert made.status_code == 201, made.text
    with town.world.as_engine() as (session, now):
        claim = Claim(KIND, now.date(), now.date() + timedelta(days=3 * 365))
        row = insert_credential(session, ENGINE, town.world.technicians[0], claim, state="verified", facts={}, now=now)
        return str(row)


def lapses(caller) -> list[dict[str, Any]]:
    answer = caller.get("/v1/lapses")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.parametrize("fate", ["flag", "withdraw"])
def test_what_a_lapse_made_of_work_is_read_by_its_technician_alone_and_a_person_answers(town, story, proof, fate):
    """Nobody else asks about it, twice is refused, no client reads which proof, and the client's staff answer."""
    operator = town.key("operator")
    job, offers = town.offered(slots=[CHECK], day_policy={"proofs": {"on_lapse": fate}})
    given = story.taken(job, offers[0])
    assert lapses(given.technician) == []
    assert operator.post(f"/v1/credentials/{proof}/revoke").status_code == 200
    (lapse,) = lapses(given.technician)
    assert (lapse["assignment_id"], lapse["fate"], lapse["proofs"]) == (given.assignment_id, fate, [KIND])
    assert [each["rule"] for each in lapse["rules"]] == ["credential"]
    assert lapse["is_open"] is (fate == "flag")
    other = town.technician(1)
    assert lapses(other) == []
    wish = {"lapse_id": lapse["id"], "words": "The pass was renewed"}
    assert other.post("/v1/reviews", wish).status_code == 404
    assert given.technician.post("/v1/reviews", {**wish, "lapse_id": str(uuid4())}).status_code == 404
    assert given.technician.post("/v1/reviews", {**wish, "decision_id": str(uuid4())}).status_code == 422
    assert given.technician.post("/v1/reviews", {"words": "Both or none"}).status_code == 422
    asked = given.technician.post("/v1/reviews", wish)
    assert (asked.status_code, asked.json()["about"], asked.json()["event_id"]) == (201, "lapse", lapse["id"])
    assert asked.json()["due_at"] > asked.json()["made_at"]
    assert given.technician.post("/v1/reviews", wish).status_code == 409
    review = asked.json()["id"]
    assert lapses(given.technician)[0]["review_id"] == review
    with town.world.as_engine() as (session, _):
        clients = session.scalars(select(EventRow.data).where(EventRow.client_id == town.world.client)).all()
        assert KIND not in str(clients)
    story.time_passes("UPDATE reviews SET due_at = now() - interval '1 minute'")
    with town.world.as_engine() as (session, now):
        assert flag_late(session, now) == 1
    assert town.stranger.post(f"/v1/reviews/{review}/answer", {"verdict": "upheld", "words": "x"}).status_code == 404
    done = given.staff.post(f"/v1/reviews/{review}/answer", {"verdict": "upheld", "words": "You have it back"})
    assert (done.status_code, done.json()["state"]) == (200, "upheld"), done.text
    assert given.technician.get("/v1/reviews").json()["items"][0]["answer"] == "You have it back"


def test_a_company_reads_and_asks_about_its_workers_work_and_a_client_has_no_such_list(town, story, proof):
    given, company = story.assigned_to_company(slots=[CHECK], day_policy={"proofs": {"on_lapse": "keep"}})
    assert town.key("operator").post(f"/v1/credentials/{proof}/revoke").status_code == 200
    (lapse,) = lapses(company)
    assert (lapse["technician_id"], lapse["fate"], lapse["is_open"]) == (str(given.technician_id), "keep", True)
    asked = company.post("/v1/reviews", {"lapse_id": lapse["id"], "words": "We sent the new pass in May"})
    assert (asked.status_code, asked.json()["technician_id"]) == (201, lapse["technician_id"])
    assert town.staff.get("/v1/lapses").status_code == 403
