"""Who says yes to what nobody disputes? The client, by those who may, or by its silence; never whoever is paid."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert
from town import Caller

from dispatch.record.tables import StaffRow, new_id

RULES = {"fee_share": "0.10", "pay_after_days": 0}


@pytest.fixture
def operator(story):
    """A member of the operator's staff, with their key."""
    staff = new_id()
    with story.town.world.as_engine() as (session, now):
        session.execute(
            insert(StaffRow).values(id=staff, role="operator", name="Olga", email="olga@example.org", created_at=now)
        )
    return story.town.key("operator", staff_id=staff)


@pytest.fixture
def agree(story, operator):
    """Acme has 2000 USD here, and these rules."""
    url = f"/v1/clients/{story.town.world.client}"

    def do(**rules):
        assert operator.post(f"{url}/money", {"rules": RULES | rules}).status_code == 200

    do()
    assert operator.post(f"{url}/funds", {"amount": "2000.00"}).status_code == 201
    return do


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def done(story, **job):
    given = story.assigned(**job)
    given.does("confirm", "leave", "check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    return given


def payment_of(given):
    [found] = given.staff.get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    return found


def gross(given) -> tuple[str, str]:
    """Where a payment is, and what of it was approved."""
    found = payment_of(given)
    return found["state"], str(Decimal(found["due"]) + Decimal(found["paid"]) + Decimal(found["fee"]))


def disputes(given, caller, amount="0.01", reason="other"):
    wish = {"amount": amount, "reason": reason, "position": {"note": "See the log"}}
    answer = caller.post(f"/v1/payments/{payment_of(given)['id']}/dispute", wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_nobody_approves_their_own_pay_by_disputing_a_cent_of_it(story, operator, agree):
    given = story.assigned(slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"kind": "hourly", "amount": "60.00"}}])
    given.does("confirm", "leave")
    assert given.technician.post(f"{given.visit}/check-in", {"at": ago(600)}).status_code == 200
    assert given.technician.post(f"{given.visit}/check-out", {"at": ago(1)}).status_code == 200
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    dispute = disputes(given, given.technician)
    assert (gross(given), dispute["undisputed"]) == (("held", "0.00"), "0.00"), "the client has said nothing"
    assert Decimal(dispute["waiting"]) > 590
    assert payment_of(given)["approve_by"] is not None, "its days go on"
    assert operator.post("/v1/payouts/run").json()["payouts"] == []
    [waiting] = given.staff.get("/v1/approvals").json()["items"]
    assert waiting["claimed"] == dispute["waiting"]
    again = {"amount": "0.01", "reason": "other"}
    assert given.technician.post(f"/v1/payments/{payment_of(given)['id']}/dispute", again).status_code == 409


@pytest.mark.parametrize("is_silent", [False, True])
@pytest.mark.parametrize("is_decided_first", [False, True])
def test_the_rest_ends_by_approval_or_silence_before_or_after_the_decision(
    story, operator, agree, is_silent, is_decided_first
):
    given = done(story)
    dispute = disputes(given, given.technician, "40.00", "hours")

    def decided():
        ruling = {"awarded": "25.00", "note": "Half of it"}
        assert operator.post(f"/v1/disputes/{dispute['id']}/decide", ruling).status_code == 200

    def said():
        if is_silent:
            story.time_passes("UPDATE payments SET approve_by = now() - interval '1 second' WHERE approve_by > now()")
            story.sweeps()
        else:
            assert given.staff.post(f"{given.job_url}/approve").status_code == 200

    first, then = (decided, said) if is_decided_first else (said, decided)
    first()
    assert gross(given) == (("held", "25.00") if is_decided_first else ("disputed", "100.00"))
    assert given.state() == ("done" if is_decided_first else "disputed")
    then()
    assert (gross(given), given.state()) == (("due", "125.00"), "approved")
    assert (payment_of(given)["held"], payment_of(given)["refunded"]) == ("0.00", "15.00")


def refused(given, caller, amount="0.01", reason="other"):
    """What somebody is told who may not dispute so much."""
    answer = caller.post(f"/v1/payments/{payment_of(given)['id']}/dispute", {"amount": amount, "reason": reason})
    return answer.status_code, answer.json()["detail"]


def decides(operator, dispute, awarded):
    ruling = {"awarded": awarded, "note": "Half of it"}
    answer = operator.post(f"/v1/disputes/{dispute['id']}/decide", ruling)
    assert answer.status_code == 200, answer.text


def booked(given, operator) -> tuple[str, str]:
    """What Acme has left and has set aside, by its accounts."""
    money = operator.get(f"/v1/clients/{given.town.world.client}/money").json()
    return money["funds"], money["held"]


@pytest.mark.parametrize("is_clients_first", [False, True])
def test_the_client_disputes_the_rest_while_a_technicians_dispute_is_open_and_each_is_decided(
    story, operator, agree, is_clients_first
):
    given = done(story)
    theirs = disputes(given, given.technician, "40.00", "hours")
    assert refused(given, given.staff, "100.01")[0] == 422, "what the technician disputes is in their dispute"
    assert refused(given, story.town.stranger)[0] == 404
    ours = disputes(given, given.staff, "60.00", "quality")
    assert gross(given) == ("disputed", "40.00"), "what neither disputes is due by the client's yes"
    assert booked(given, operator) == ("1860.00", "100.00")
    for caller in (given.staff, given.technician):
        code, told = refused(given, caller)
        assert (code, "possible now: state your side" in told) == (409, True)
    found = operator.get("/v1/disputes?state=open").json()["items"]
    assert {(each["amount"], each["opened_by"], each["undisputed"], each["decider"]) for each in found} == {
        ("40.00", "technician", "40.00", "Olga"), ("60.00", "client", "40.00", "Olga"),
    }  # fmt: skip
    rulings = [(theirs, "25.00"), (ours, "30.00")]
    first, last = reversed(rulings) if is_clients_first else rulings
    decides(operator, *first)
    assert (gross(given), payment_of(given)["refunded"]) == (
        ("disputed", str(Decimal("40.00") + Decimal(first[1]))), "0.00",
    ), "what is not awarded stays where it is until the other one is decided, too"  # fmt: skip
    decides(operator, *last)
    assert (gross(given), payment_of(given)["refunded"]) == (("due", "95.00"), "45.00")
    assert booked(given, operator) == ("1905.00", "0.00")
    read = given.technician.get("/v1/disputes").json()["items"]
    assert [each["undisputed"] for each in read] == ["40.00", "40.00"]
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"
    assert gross(given) == ("due", "95.00")


@pytest.mark.parametrize("is_silent", [False, True])
def test_what_neither_disputes_waits_for_those_who_may_approve_it(story, operator, agree, is_silent):
    agree(limits={"dispatcher": "20", "client_admin": "1000"})
    given = done(story)
    theirs = disputes(given, given.technician, "40.00", "hours")
    ours = disputes(given, story.town.named("dispatcher", "Sam"), "60.00", "quality")
    assert (gross(given), ours["waiting"], ours["undisputed"]) == (("held", "0.00"), "40.00", "0.00")
    decides(operator, theirs, "25.00")
    assert gross(given) == ("held", "25.00")
    if is_silent:
        story.time_passes("UPDATE payments SET approve_by = now() - interval '1 second' WHERE approve_by > now()")
        story.sweeps()
    else:
        assert story.town.named("client_admin", "Al").post(f"{given.job_url}/approve").status_code == 200
    assert (gross(given), given.state()) == (("disputed", "65.00"), "disputed")
    decides(operator, ours, "30.00")
    assert (gross(given), given.state()) == (("due", "95.00"), "approved")
    assert booked(given, operator) == ("1905.00", "0.00")


def test_the_technician_too_disputes_what_the_clients_open_dispute_is_not_about(story, operator, agree):
    agree(limits={"dispatcher": "20", "client_admin": "1000"})
    given = done(story)
    ours = disputes(given, story.town.named("dispatcher", "Sam"), "60.00", "quality")
    assert refused(given, given.technician, "80.01", "hours")[0] == 422
    theirs = disputes(given, given.technician, "80.00", "hours")
    assert (gross(given), theirs["waiting"]) == (("disputed", "0.00"), "0.00")
    decides(operator, ours, "60.00")
    decides(operator, theirs, "0.00")
    assert (gross(given), booked(given, operator)) == (("due", "60.00"), ("1940.00", "0.00"))


def test_a_client_that_disputes_all_the_rest_is_not_overtaken_by_its_silence(story, operator, agree):
    given = done(story)
    theirs = disputes(given, given.technician, "40.00", "hours")
    ours = disputes(given, given.staff, "100.00", "not_done")
    assert (gross(given), payment_of(given)["approve_by"]) == (("disputed", "0.00"), None)
    assert given.technician.post(f"/v1/disputes/{theirs['id']}/concede").status_code == 200
    assert gross(given) == ("disputed", "0.00"), "who gives way in one has not given way in the other"
    assert given.staff.post(f"/v1/disputes/{ours['id']}/concede").status_code == 200
    assert (gross(given), payment_of(given)["refunded"]) == (("due", "100.00"), "40.00")


def test_once_the_client_said_yes_to_the_rest_it_only_states_its_side(story, agree):
    given = done(story)
    theirs = disputes(given, given.technician, "40.00", "hours")
    part = given.staff.post(f"/v1/payments/{payment_of(given)['id']}/approve", {"amount": "100.00"})
    assert (part.status_code, gross(given)) == (200, ("held", "100.00"))
    code, told = refused(given, given.staff)
    assert (code, "possible now: state your side" in told) == (409, True)
    side = {"hours": "1.00", "amount": "20.00", "note": "The log says so"}
    said = given.staff.post(f"/v1/disputes/{theirs['id']}/state", side)
    assert (said.status_code, sorted(said.json()["positions"])) == (200, ["client", "technician"])


@pytest.mark.parametrize("role", ["dispatcher", "requester"])
def test_a_dispute_is_no_way_round_a_limit(story, agree, role):
    agree(limits={"dispatcher": "20", "client_admin": "1000"})
    given = done(story)
    caller = story.town.named(role, "Sam")
    assert caller.post(f"{given.job_url}/approve").status_code == 403
    dispute = disputes(given, caller)
    assert (gross(given), dispute["waiting"]) == (("held", "0.00"), "139.99")
    assert payment_of(given)["approve_by"] is not None
    admin = story.town.named("client_admin", "Al")
    [waiting] = admin.get("/v1/approvals").json()["items"]
    assert (waiting["claimed"], waiting["missing"]) == ("139.99", None)
    assert admin.post(f"{given.job_url}/approve").status_code == 200
    assert (gross(given), given.state()) == (("disputed", "139.99"), "disputed")


def test_a_dispute_is_no_second_signature(story, agree):
    agree(second_above="50")
    al, bea = (story.town.named("client_admin", name) for name in ("Al", "Bea"))
    given = done(story)
    disputes(given, al)
    assert gross(given) == ("held", "0.00")
    assert al.post(f"{given.job_url}/approve").json()["state"] == "done"
    assert bea.post(f"{given.job_url}/approve").json()["state"] == "disputed"
    assert gross(given) == ("disputed", "139.99")


def test_one_person_is_not_two_by_making_keys(story, agree):
    agree(second_above="50")
    al, bea = (story.town.named("client_admin", name) for name in ("Al", "Bea"))
    given = done(story)
    made = [al.post("/v1/keys", {"role": "client_admin", "label": f"another {num}"}).json() for num in range(2)]
    keys = [Caller(al.http, each["secret"]) for each in made]
    for caller in (keys[0], al, *keys, al):
        assert caller.post(f"{given.job_url}/approve").json()["state"] == "done"
    part = f"/v1/payments/{payment_of(given)['id']}"
    bonus = {"amount": "60.00", "reason": "Stayed until it ran"}
    [given_by_key] = keys[0].post(f"{part}/bonus", bonus).json()["payment"]["extras"]
    answer = f"{part}/extras/{given_by_key['id']}/answer"
    assert [caller.post(answer, {"answer": "approve"}).status_code for caller in (keys[1], al)] == [409, 409]
    assert al.post(answer, {"answer": "refuse"}).status_code == 200
    assert gross(given) == ("held", "0.00")
    assert bea.post(f"{given.job_url}/approve").json()["state"] == "approved"
    assert gross(given) == ("due", "140.00")
