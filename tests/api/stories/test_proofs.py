"""Stories of proofs: handed in and reviewed, screened by a vendor, signed, taken back, and a removal heard first."""

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from personal_data import assert_events_impersonal
from processes import until
from sqlalchemy import text, update
from streaming import serving
from town import Caller, Town, small_town

from api.app import create_app
from dispatch.messages.adapters.gateway import signature
from dispatch.queue import Try
from dispatch.record.tables import CredentialRow, RemovalRow, TechnicianRow
from dispatch.screening.local import LocalVendor, serve
from dispatch.screening.ordering import ERRAND
from dispatch.screening.protocol import Order
from dispatch.screening.vendor import HttpScreener
from dispatch.visits.sweeps import sweep_visits

SECRET = "a secret between two"
WEIGHED = {"weighed": "A theft at work, a year ago, and the work is in shops."}
CHECK = {"needs": {"skills": {"hvac": 2}, "credentials": ["background_check"]}, "pay": {"amount": "140.00"}}


@pytest.fixture
def town(database_url, redis_url):
    """The small town, with a vendor of screenings whose secret it knows; a background check is a screening there."""
    with small_town(database_url, redis_url, screening_secret=SECRET, screening_vendor="local") as made:
        kind = {
            "code": "background_check",
            "name": "Background check",
            "is_screening": True,
            "family": "background_check",
        }
        assert made.key("operator").post("/v1/credential-kinds", kind).status_code == 201
        yield made


@pytest.fixture
def operator(town) -> Caller:
    return town.key("operator")


@contextmanager
def vendor(town: Town, address: str, **findings: str):
    """The reference vendor on loopback, answering this application."""
    made = LocalVendor(SECRET, f"{address}/v1/gateway/screenings", town.key("gateway").secret, findings)
    server = serve(made)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made, HttpScreener(f"http://127.0.0.1:{server.server_address[1]}/", SECRET)
    finally:
        server.shutdown()
        server.server_close()


def courier_does(town: Town, screener: HttpScreener | None, num: int = 1) -> None:
    """What the courier would do with the errands that wait, as many times as told."""
    with town.world.as_engine() as (session, _):
        waiting = session.execute(
            text("SELECT args FROM queue.procrastinate_jobs WHERE task_name = 'order_screening'")
        ).scalars()
        errands = list(waiting)
    assert errands
    for args in errands:
        for each in range(num):
            ERRAND.do(Try(each + 1, False, town.world.engine, {"screener": screener}), **args)


def ordered(town: Town, num: int = 0) -> dict[str, Any]:
    me = town.technician(num)
    wish = {"kind": "background_check", "scope": ["sex_offender", "county_7y"]}
    answer = me.post(f"/v1/technicians/{town.world.technicians[num]}/screenings", wish)
    assert (answer.status_code, answer.json()["state"]) == (201, "submitted"), answer.text
    return answer.json()


def state_of(town: Town, credential: str) -> str:
    with town.world.as_engine() as (session, _):
        return session.get_one(CredentialRow, UUID(credential)).state


def said(town: Town, document: dict[str, Any], secret: str = SECRET, at_s: int | None = None) -> Any:
    """The vendor's answer, by hand."""
    body = json.dumps(document).encode()
    headers = signature(secret, body, at_s=at_s or int(time.time())) | {"Content-Type": "application/json"}
    return town.key("gateway").post("/v1/gateway/screenings", headers=headers, content=body)


def ref_of(town: Town, credential: str) -> str:
    with town.world.as_engine() as (session, _):
        ref = session.get_one(CredentialRow, UUID(credential)).vendor_ref
    assert ref is not None
    return ref


#: A report as a vendor sends it.
REPORT = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def handed_in(who: Caller, path: str) -> Any:
    headers = {"Idempotency-Key": f"{path}-{time.monotonic_ns()}", "Content-Type": "application/pdf"}
    return who.call("POST", path, content=REPORT, headers=headers)


def clear(ref: str, seq: int = 1) -> dict[str, Any]:
    today = datetime.now(UTC).date().isoformat()
    return {"ref": ref, "seq": seq, "status": "clear", "scope": ["county_7y"], "issued_on": today}


def test_a_technician_is_screened_by_the_vendor_and_may_then_be_asked(town):
    """The order goes out twice, for the courier may die after the first; the vendor has it once, and answers."""
    proof = ordered(town)
    assert town.offered(slots=[CHECK])[1] == []
    with serving(create_app(town.settings)) as address, vendor(town, address) as (at, screener):
        courier_does(town, screener, num=2)
        until(lambda: state_of(town, proof["id"]) == "verified", "the vendor has answered")
        assert len(at.orders) == 1
        assert at.orders[ref_of(town, proof["id"])]["scope"] == ["county_7y", "sex_offender"]
        forged = HttpScreener(screener.url, "another secret")
        with pytest.raises(Exception, match="401"):
            courier_order(forged, at)
    _, offers = town.offered(slots=[CHECK])
    assert [offer.technician_id for offer in offers] == [town.world.technicians[0]]
    with town.world.as_engine() as (session, _):
        assert_events_impersonal(session)


def courier_order(screener: HttpScreener, at: LocalVendor) -> None:
    num = len(at.orders)
    try:
        screener.order(Order("forged", "background_check", ("a",), "Nobody", None))
    finally:
        assert len(at.orders) == num


def test_an_answer_forged_late_doubled_or_out_of_order_changes_nothing(town):
    proof = ordered(town)
    ref = ref_of(town, proof["id"])
    forged = said(town, clear(ref), secret="another")
    assert (forged.status_code, state_of(town, proof["id"])) == (409, "submitted"), forged.text
    old = said(town, clear(ref), at_s=int(time.time()) - 301)
    assert (old.status_code, state_of(town, proof["id"])) == (409, "submitted")
    unsigned = town.key("gateway").post("/v1/gateway/screenings", clear(ref))
    assert (unsigned.status_code, state_of(town, proof["id"])) == (409, "submitted")
    assert town.staff.post("/v1/gateway/screenings", clear(ref)).status_code == 403
    assert said(town, clear("nobody")).status_code == 404
    assert said(town, {**clear(ref), "issued_on": None}).status_code == 422
    assert said(town, clear(ref, seq=2)).json()["outcome"] == "taken"
    assert said(town, clear(ref, seq=2)).json()["outcome"] == "already_taken"
    assert said(town, {"ref": ref, "seq": 1, "status": "adverse"}).json()["outcome"] == "already_taken"
    assert state_of(town, proof["id"]) == "verified"
    forged = {"ground": "forged"}
    assert town.key("operator").post(f"/v1/credentials/{proof['id']}/revoke", forged).status_code == 200
    assert said(town, clear(ref, seq=3)).json()["outcome"] == "too_late"
    assert state_of(town, proof["id"]) == "revoked"


def test_nobody_leaves_over_a_screening_before_they_were_heard(town, operator, story):
    """Notice with the copy, days to answer, a person's review, then the final notice; the work goes on to others."""
    proof = ordered(town)
    said(town, clear(ref_of(town, proof["id"])))
    given = story.assigned(slots=[CHECK])
    assert given.technician_id == town.world.technicians[0]
    said(town, {"ref": ref_of(town, proof["id"]), "seq": 2, "status": "adverse"})
    assert state_of(town, proof["id"]) == "verified", "a machine turns nobody away"

    short = operator.post("/v1/removals", {"credential_id": proof["id"], "notice": "A copy.", "wait_days": 4})
    assert short.status_code == 422
    notice = {"credential_id": proof["id"], "notice": "Enclosed: the report of today, and your rights."}
    pages = f"/v1/credentials/{proof['id']}/documents"
    assert handed_in(given.technician, pages).status_code == 409, "the proof is verified: what shows it stays"
    report = handed_in(operator, pages)
    assert report.status_code == 201, report.text
    for bad in (
        {},
        {"enclosed": ["0" * 64]},
        {"no_copy": " "},
        {"enclosed": [report.json()["sha256"]], "no_copy": "x"},
    ):
        refused = operator.post("/v1/removals", notice | bad)
        assert (refused.status_code, "/enclosed" in refused.text) == (422, True), refused.text
    notice["enclosed"] = [report.json()["sha256"]]
    assert given.staff.post("/v1/removals", notice).status_code == 403
    made = operator.post("/v1/removals", notice)
    assert made.status_code == 201, made.text
    removal = made.json()
    assert operator.post("/v1/removals", notice).status_code == 409
    assert datetime.fromisoformat(removal["respond_by"]) > datetime.now(UTC) + timedelta(days=5)
    url = f"/v1/removals/{removal['id']}"

    assert open_alarms(given) == ["technician_held"]
    assert town.offered(slots=[CHECK])[1] == []
    seen = given.technician.get(f"/v1/technicians/{given.technician_id}/removals").json()
    assert [(each["state"], each["notice"]) for each in seen] == [("noticed", notice["notice"])]
    assert seen[0]["enclosed"] == notice["enclosed"]
    copy = given.technician.get(f"{pages}/1")
    assert (copy.status_code, copy.content) == (200, REPORT)
    for other in (town.technician(1), given.staff, town.stranger):
        assert other.get(f"{pages}/1").status_code == 404, "the report is nobody else's"
    assert handed_in(operator, f"{pages}?num=1").status_code == 409, "what was enclosed stays"
    stranger = town.technician(1).get(f"/v1/technicians/{given.technician_id}/removals")
    assert stranger.status_code == 404
    assert town.technician(1).post(f"{url}/answer", {"answer": "x"}).status_code == 404

    early = operator.post(f"{url}/finish", WEIGHED)
    assert (early.status_code, early.json()["moves"]) == (409, ["withdraw"])
    answered = given.technician.post(f"{url}/answer", {"answer": "That is somebody else of my name."})
    assert answered.json()["state"] == "answered"
    assert operator.post(f"{url}/review").json()["state"] == "under_review"
    assert operator.post(f"{url}/finish", WEIGHED).status_code == 409, "the days to answer are not over"
    days_pass(town, removal["id"])
    final = operator.post(f"{url}/finish", WEIGHED).json()
    assert (final["state"], final["moves"]) == ("final", [])
    assert [step["step"] for step in final["steps"]] == ["notice", "answer", "review", "finish"]
    assert state_of(town, proof["id"]) == "revoked"
    assert open_alarms(given) == []
    assert given.state() == "open", "others are asked"
    with town.world.as_engine() as (session, _):
        assert_events_impersonal(session)


def open_alarms(given: Any) -> list[str]:
    items = given.staff.get("/v1/alarms").json()["items"]
    return [each["kind"] for each in items if each["state"] != "cleared"]


def days_pass(town: Town, removal: str) -> None:
    with town.world.as_engine() as (session, now):
        session.execute(update(RemovalRow).where(RemovalRow.id == UUID(removal)).values(respond_by=now))


def test_a_screening_that_turns_adverse_later_waits_in_the_operators_queue_until_a_person_has_looked(town, operator):
    """Whether a removal is begun, taken back or finished, or the vendor takes its word back; each new word counts."""
    proof, other = ordered(town), ordered(town, 1)
    begin = {"credential_id": proof["id"], "notice": "Enclosed: the report of today.", "no_copy": "It was read out."}

    def is_told(status: str, seq: int, of: Any = proof) -> None:
        taken = said(town, {**clear(ref_of(town, of["id"]), seq), "status": status})
        assert taken.json() == {"outcome": "taken"}, taken.text

    def queue(who: Caller = operator, **params: Any) -> list[str]:
        return [each["id"] for each in who.get("/v1/credentials", params=params).json()["items"]]

    is_told("clear", 1)
    assert queue() == [other["id"]]
    is_told("adverse", 2)
    first = operator.get("/v1/credentials", params={"limit": 1}).json()
    (shown,) = first["items"]
    assert (shown["id"], shown["state"], shown["facts"]["result"]) == (proof["id"], "verified", "adverse")
    left = datetime.fromisoformat(shown["due_at"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left < timedelta(days=3), "as long as for what was handed in"
    assert queue(cursor=first["next"]) == [other["id"]], "which has nine days"
    assert queue(before=(datetime.now(UTC) + timedelta(days=2)).isoformat()) == []
    assert queue(town.staff) == queue(town.stranger) == [], "what a screening says is not a client's to read"
    is_told("pending", 3)
    assert queue() == [other["id"]]
    is_told("adverse", 4)

    def begun() -> str:
        made = operator.post("/v1/removals", begin)
        assert (made.status_code, queue()) == (201, [other["id"]]), "it is among the removals now"
        return f"/v1/removals/{made.json()['id']}"

    assert operator.post(f"{begun()}/withdraw").status_code == 200
    assert queue() == [other["id"]], "a person has heard them"
    is_told("adverse", 5)
    assert queue() == [proof["id"], other["id"]], "of the newer word nobody has"
    removal = begun()
    assert operator.post(f"{removal}/review").status_code == 200
    days_pass(town, removal.rsplit("/", 1)[1])
    for unsaid in ({}, {"weighed": ""}, {"weighed": " \n "}, {"weighed": None}):
        refused = operator.post(f"{removal}/finish", unsaid)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/weighed"), unsaid
    final = operator.post(f"{removal}/finish", WEIGHED).json()
    assert (final["state"], final["weighed"]) == ("final", WEIGHED["weighed"])
    read = town.technician().get(f"/v1/technicians/{town.world.technicians[0]}/removals").json()[0]
    assert read["weighed"] == WEIGHED["weighed"], "whom it is about reads it"
    assert (queue(), state_of(town, proof["id"])) == ([other["id"]], "revoked")

    is_told("adverse", 1, other)
    assert queue() == [other["id"]], "once, as before"
    read = {"facts": {"scope": ["county_7y"], "issued_on": datetime.now(UTC).date().isoformat()}}
    assert operator.post(f"/v1/credentials/{other['id']}/verify", read).status_code == 200
    assert queue() == [], "a person says that it is genuine"
    is_told("adverse", 2, other)
    assert queue() == [other["id"]]
    assert operator.post(f"/v1/technicians/{town.world.technicians[1]}/leave").status_code == 200
    assert queue() == [], "of whoever has left there is nothing to decide"


def test_a_notice_that_was_wrong_is_taken_back_and_everything_is_as_it_was(town, operator, story):
    proof = ordered(town)
    said(town, clear(ref_of(town, proof["id"])))
    given = story.assigned(slots=[CHECK])
    removal = operator.post(
        "/v1/removals", {"credential_id": proof["id"], "notice": "A copy.", "no_copy": "It was read out."}
    ).json()
    assert removal["notice"].endswith("It was read out."), "the technician reads why"
    assert operator.post(f"/v1/removals/{removal['id']}/withdraw").json()["state"] == "withdrawn"
    with town.world.as_engine() as (session, _):
        assert session.get_one(TechnicianRow, given.technician_id).state == "active"
    assert open_alarms(given) == []
    assert given.state() == "assigned"
    assert operator.post(f"/v1/removals/{removal['id']}/finish", WEIGHED).status_code == 409


def test_a_proof_is_taken_back_and_the_runner_up_is_asked_at_once(town, operator, story):
    """The client's policy takes work back from whoever can no longer prove what it needs."""
    for num in (0, 1):
        said(town, clear(ref_of(town, ordered(town, num)["id"])))
    job, offers = town.offered(slots=[CHECK], day_policy={"proofs": {"on_lapse": "withdraw"}})
    given = story.taken(job, offers[0])
    late = town.by_id(offers[1].technician_id).post(f"/v1/offers/{offers[1].id}/accept", {"terms_version": 1})
    assert late.json()["code"] == "taken"
    (mine,) = given.technician.get(f"/v1/technicians/{given.technician_id}/credentials").json()["items"]
    ended = operator.post(f"/v1/credentials/{mine['id']}/revoke", {"ground": "forged"}).json()
    assert ended["assignments"] == [{"assignment_id": given.assignment_id, "fate": "withdraw"}]
    town.world.send_waves()
    assert [offer.technician_id for offer in town.world.offers(UUID(job["id"]))][-1] == offers[1].technician_id
    assert given.state() == "open"


def test_the_reviewers_queue_has_what_is_due_first_and_each_sees_their_own(town, operator):
    own = {"code": "site_pass", "name": "Site pass", "verified_by": "client"}
    assert operator.post("/v1/credential-kinds", own).status_code == 201
    day = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    proof = {"kind": "site_pass", "valid_from": "2026-01-01", "valid_until": day, "evidence": "Pass 12"}
    me, path = town.technician(), f"/v1/technicians/{town.world.technicians[0]}/credentials"
    for_acme = me.post(path, {**proof, "for_client_id": str(town.world.client)}).json()
    for_all = me.post(path, proof).json()
    claimed = me.post(path, {**proof, "evidence": None, "is_submitted": False}).json()
    assert claimed["due_at"] is None
    due = operator.get("/v1/credentials").json()["items"]
    assert [each["id"] for each in due] == [for_acme["id"], for_all["id"]]
    assert [each["id"] for each in town.staff.get("/v1/credentials").json()["items"]] == [for_acme["id"]]
    assert town.stranger.get("/v1/credentials").json()["items"] == []
    assert town.stranger.post(f"/v1/credentials/{for_acme['id']}/verify").status_code == 404
    assert town.staff.post(f"/v1/credentials/{for_all['id']}/verify").status_code == 404
    assert town.staff.post(f"/v1/credentials/{for_acme['id']}/verify").json()["state"] == "verified"
    sent = me.post(f"/v1/credentials/{claimed['id']}/submit", {"evidence": "Pass 13"})
    assert sent.json()["state"] == "submitted"
    assert me.post(f"/v1/credentials/{claimed['id']}/verify").status_code == 403


def test_a_client_asks_for_insurance_and_a_signature_and_sees_no_facts(town, operator):
    """Insurance of the wrong name is not verified; with the right one and a signature the technician is asked."""
    admin = town.key("client_admin", client_id=town.world.client)
    for code, family in (("liability", "insurance"), ("nda", "agreement")):
        made = operator.post("/v1/credential-kinds", {"code": code, "name": code, "family": family})
        assert made.status_code == 201, made.text
    policy = {"policy": {"liability": {"per_occurrence": "1000000", "slack_days": 30}}}
    url = f"/v1/clients/{town.world.client}"
    assert admin.call("PUT", f"{url}/proof-policy", json=policy).json() == policy
    assert town.stranger.call("PUT", f"{url}/proof-policy", json=policy).status_code == 403
    agreement = admin.post(f"{url}/agreements", {"kind": "nda", "words": "Keep it to yourself."}).json()
    me, path = town.technician(), f"/v1/technicians/{town.world.technicians[0]}/credentials"
    (shown,) = me.get("/v1/agreements", params={"client_id": str(town.world.client)}).json()["items"]
    assert shown == agreement
    signed = me.post(f"/v1/agreements/{shown['id']}/sign", {"sha256": shown["sha256"]})
    assert signed.status_code == 201, signed.text
    assert signed.json()["facts"]["version"] == 1

    needs = {"skills": {"hvac": 2}, "credentials": ["liability", "nda"]}
    day = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    facts = {"per_occurrence": "1000000", "aggregate": "2000000", "currency": "USD", "named_insured": "Somebody Else"}
    proof = {"kind": "liability", "valid_from": "2026-01-01", "valid_until": day, "evidence": "P 1", "facts": facts}
    wrong = me.post(path, proof).json()
    refused = operator.post(f"/v1/credentials/{wrong['id']}/verify")
    assert (refused.status_code, refused.json()["rules"]) == (409, ["named_insured"]), refused.text
    named = {**facts, "named_insured": "TECHNICIAN 0"}
    right = me.post(path, {**proof, "facts": {}}).json()
    bare = operator.post(f"/v1/credentials/{right['id']}/verify")
    assert bare.status_code == 422, "nobody has said what it says"
    assert "/facts/named_insured" in bare.text
    url = f"/v1/credentials/{right['id']}/verify"
    turned = operator.post(url, {"facts": named, "valid_from": day, "valid_until": "2026-01-01"})
    assert (turned.status_code, turned.json()["errors"][0]["path"]) == (422, "/valid_until"), turned.text
    taken_back = operator.post(url, {"facts": {**named, "aggregate": None}})
    assert taken_back.json()["errors"][0]["path"] == "/facts/aggregate", "null: it does not say it"
    read = {"facts": named, "valid_from": "2026-01-02", "valid_until": day}
    assert operator.post(url, read).status_code == 200
    (verified,) = [each for each in me.get(path).json()["items"] if each["id"] == right["id"]]
    assert (verified["valid_from"], verified["facts"]) == ("2026-01-02", named)
    kinds = {each["code"]: each for each in me.get("/v1/credential-kinds").json()["items"]}
    told = [(each["name"], each["shape"], each["is_needed"]) for each in kinds["liability"]["facts"]]
    assert told[0] == ("named_insured", "words", True), "what a proof of the kind says, for whoever asks for it"
    assert [name for name, *_ in told] == ["named_insured", "per_occurrence", "aggregate", "currency"]
    job, offers = town.offered(slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
    assert [offer.technician_id for offer in offers] == [town.world.technicians[0]]
    told = job["visits"][0]["slots"][0]["needs"]["credentials"]
    assert sorted(told) == ["liability", "nda"], "people read kinds, not keys"
    seen = {each["kind"]: each for each in town.staff.get(path).json()["items"]}
    assert (seen["liability"]["facts"], seen["liability"]["evidence"]) == (None, None)
    assert sweep_visits(lambda: _as_engine(town)) >= 0


@contextmanager
def _as_engine(town: Town):
    with town.world.as_engine() as (session, _):
        yield session
