"""What the database itself says of who approves: never whom it pays, and two people where the rules want two."""

import json

import pytest
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards
RESTRICT_VIOLATION = "23001"
AL, BEA, KEY = (f"00000000-0000-4000-8000-00000000000{num}" for num in (1, 2, 3))


def yes(by: str, why: str = "approved", amount: str = "60.00", role: str = "client_admin") -> dict[str, str]:
    return {"by": by, "role": role, "amount": amount, "why": why}


def says(guarded: Guarded, *approvals: dict[str, str]) -> str:
    return guarded.update("payments", "acme", f"approvals = '{json.dumps(approvals)}'")


@pytest.fixture
def wanting(guarded: Guarded) -> Guarded:
    """Above 50 two people sign, and one key names nobody."""
    terms = json.dumps({"rules": {"second_above": "50"}})
    guarded.run(guarded.update("payments", "acme", f"terms = '{terms}'"))
    owner = f"'client_admin', '{id_of('acme')}', 'Program', now()"
    guarded.run(
        f"INSERT INTO api_keys (id, hash, role, client_id, label, created_at) VALUES ('{KEY}', sha256('none'), {owner})"
    )
    return guarded


@pytest.mark.parametrize("role", ["technician", "company"])
def test_payments_approved_lets_nobody_approve_what_they_are_paid(guarded: Guarded, role: str):
    refusal = guarded.refuses(says(guarded, yes(AL, "undisputed", "0.01", role)))
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "payments_approved")
    assert guarded.accepts(says(guarded, yes(AL, "conceded", "0.00", role))) == 1
    assert guarded.accepts(says(guarded, yes(AL, "conceded", "0.01"))) == 1


@pytest.mark.parametrize("why", ["approved", "part_approved"])
def test_payments_approved_wants_two_people_above_the_sum_of_the_rules(wanting: Guarded, why: str):
    signed = yes(AL, "signed")
    for few in ([yes(AL, why)], [signed, yes(AL, why)], [yes(KEY, "signed"), yes(AL, why)], [signed, yes(KEY, why)],
                [yes(BEA, "signed", "59.99"), yes(AL, why)], [yes(BEA, "part_approved"), yes(AL, why)]):  # fmt: skip
        assert wanting.refuses(says(wanting, *few)).constraint == "payments_approved"
    assert wanting.accepts(says(wanting, signed, yes(BEA, why))) == 1
    assert wanting.accepts(says(wanting, yes(KEY, "signed"), signed, yes(BEA, why))) == 1
    assert wanting.accepts(says(wanting, yes(AL, why, "50.00"))) == 1


def test_payments_approved_counts_a_jobs_parts_together(wanting: Guarded):
    first = yes(AL, "part_approved", "30.00")
    assert wanting.accepts(says(wanting, first, yes(AL, "part_approved", "20.00"))) == 1
    for why in ("approved", "part_approved", "conceded"):
        for before in ([], [yes(BEA, "signed", "30.01")], [yes(BEA, "signed", "50.00")]):
            refusal = wanting.refuses(says(wanting, *before, first, yes(AL, why, "20.01")))
            assert refusal.constraint == "payments_approved"
        assert wanting.accepts(says(wanting, first, yes(BEA, "signed", "50.01"), yes(AL, why, "20.01"))) == 1


def test_payments_approved_holds_the_limits_of_the_roles_of_those_who_said_yes(guarded: Guarded):
    terms = json.dumps({"rules": {"limits": {"dispatcher": "40", "client_admin": "100"}}})
    guarded.run(guarded.update("payments", "acme", f"terms = '{terms}'"))
    dispatchers = [yes(AL, "part_approved", "30.00", "dispatcher"), yes(AL, "part_approved", "10.00", "dispatcher")]
    assert guarded.accepts(says(guarded, *dispatchers)) == 1
    above = yes(AL, "part_approved", "0.01", "dispatcher")
    assert guarded.refuses(says(guarded, *dispatchers, above)).constraint == "payments_approved"
    assert guarded.refuses(says(guarded, yes(AL, "approved", "1.00", "requester"))).constraint == "payments_approved"
    assert guarded.accepts(says(guarded, *dispatchers, yes(BEA, "signed", "40.01"), above)) == 1, (
        "the admin's covers it"
    )
    assert guarded.accepts(says(guarded, *dispatchers, yes(BEA, "approved", "60.00"))) == 1
    assert guarded.refuses(says(guarded, *dispatchers, yes(BEA, "approved", "60.01"))).constraint == "payments_approved"


@pytest.mark.parametrize("why", ["silence", "decided", "signed"])
def test_payments_approved_asks_for_no_signature_of_what_is_owed(wanting: Guarded, why: str):
    assert wanting.accepts(says(wanting, yes(AL, why))) == 1


def bonus(state: str, amount: str = "60.00", signed: str = AL, second: str | None = None, num: int = 1) -> dict:
    made = {"id": str(num), "code": "extra_bonus", "kind": "bonus", "amount": amount, "state": state}
    return made | {"signed": [signed, "dispatcher"]} | ({"second": [second, "dispatcher"]} if second else {})


def gives(guarded: Guarded, *extras: dict) -> str:
    return guarded.update("payments", "acme", f"extras = '{json.dumps(extras)}'")


def test_payments_bonus_wants_somebody_to_propose_it_and_somebody_else_to_sign_it_above_the_sum(wanting: Guarded):
    assert wanting.accepts(gives(wanting, bonus("approved", "50.00"))) == 1, "one gives what the rules leave to one"
    parts = bonus("approved", "30.00"), bonus("approved", "20.01", num=2)
    assert wanting.refuses(gives(wanting, *parts)).constraint == "payments_bonus", "in parts it is no less"
    for alone in (bonus("approved"), bonus("approved", second=BEA)):
        refusal = wanting.refuses(gives(wanting, alone))
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "payments_bonus"), "nobody proposed it"
    wanting.run(gives(wanting, bonus("proposed")))
    for few in (
        bonus("approved"),
        bonus("approved", second=AL),
        bonus("approved", second=KEY),
        bonus("approved", signed=BEA, second=AL),
        bonus("approved", "60.01", second=BEA),
        bonus("approved", second=BEA, num=2),
    ):
        assert wanting.refuses(gives(wanting, few)).constraint == "payments_bonus", few
    assert wanting.accepts(gives(wanting, bonus("approved", second=BEA))) == 1
    assert wanting.accepts(gives(wanting, bonus("withdrawn"))) == 1


def test_payments_bonus_counts_no_key_that_proposed_it(wanting: Guarded):
    wanting.run(gives(wanting, bonus("proposed", signed=KEY)))
    assert wanting.refuses(gives(wanting, bonus("approved", signed=KEY, second=BEA))).constraint == "payments_bonus"


def test_payments_bonus_asks_nothing_of_what_was_given_before_or_listed_and_no_more_of_it_is_given(wanting: Guarded):
    wanting.run("ALTER TABLE payments DISABLE TRIGGER payments_bonus")
    wanting.run(gives(wanting, bonus("approved")))
    wanting.run("ALTER TABLE payments ENABLE TRIGGER payments_bonus")
    listed = bonus("approved", num=2) | {"code": "fast"}
    assert wanting.accepts(gives(wanting, bonus("approved"), listed)) == 1
    assert wanting.refuses(gives(wanting, bonus("approved", "70.00"))).constraint == "payments_bonus"
    assert wanting.refuses(gives(wanting, bonus("approved"), bonus("approved", num=3))).constraint == "payments_bonus"
