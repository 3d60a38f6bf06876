"""The budgets' triggers, each alone: what payments commit is added once, and beyond a hard one refused.

Acme's budget of 1,000 USD has one payment of 150, which is due, and of which Burg's knows nothing.
"""

import pytest
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards

CHECK_VIOLATION, RESTRICT_VIOLATION = "23514", "23001"
ACME, BURG = (f"'{id_of(f'{name}.budget')}'" for name in ("acme", "burg"))
OF_ACME = f"client_id = '{id_of('acme')}'"


def used(guarded: Guarded, budget: str = ACME) -> tuple[str, str]:
    ((committed, spent),) = guarded.rows(f"SELECT committed::text, spent::text FROM budgets WHERE id = {budget}")
    return str(committed), str(spent)


def payments(guarded: Guarded, changes: str) -> str:
    """The change of Acme's payment; whatever else would refuse it is away."""
    for check in ("due_has_date", "state_known"):
        guarded.run(f"ALTER TABLE payments DROP CONSTRAINT IF EXISTS ck_payments_{check}")
    return f"UPDATE payments SET {changes} WHERE {OF_ACME}"


def again(guarded: Guarded, changes: dict[str, str]) -> str:
    guarded.run("ALTER TABLE payments DROP CONSTRAINT IF EXISTS uq_payments_assignment_id")
    return guarded.copy("payments", "acme", {"id": "gen_random_uuid()", **changes})


def test_payments_budget_follows_what_is_held_promised_due_paid_and_ours(guarded: Guarded):
    assert used(guarded) == used(guarded, BURG) == ("150.00", "150.00")
    guarded.run(again(guarded, {"state": "'held'", "due": "0", "held": "40"}))
    assert used(guarded) == ("190.00", "150.00")
    guarded.run(payments(guarded, "held = 1, beyond = 2, due = 4, fee = 8, paid = 16, refunded = 32"))
    assert used(guarded) == ("62.00", "56.00"), "both payments of Acme are of 31 now, 28 of it approved"
    guarded.run(payments(guarded, "held = 0, beyond = 0, due = 0, fee = 0, paid = 0"))
    assert (used(guarded), used(guarded, BURG)) == (("0.00", "0.00"), ("150.00", "150.00"))


def test_payments_budget_refuses_a_new_payment_that_a_hard_budget_has_no_room_for(guarded: Guarded):
    assert guarded.accepts(again(guarded, {"state": "'held'", "due": "0", "held": "850"})) == 1
    refusal = guarded.refuses(again(guarded, {"state": "'held'", "due": "0", "held": "850.01"}))
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "payments_budget")
    guarded.run(f"UPDATE budgets SET is_hard = false WHERE id = {ACME}")
    assert guarded.accepts(again(guarded, {"state": "'held'", "due": "0", "held": "5000"})) == 1


@pytest.mark.parametrize("column", ["held", "beyond"])
def test_payments_budget_refuses_more_of_a_payment_and_takes_less_of_it_even_beyond(guarded: Guarded, column: str):
    guarded.run(payments(guarded, "state = 'held', due = 0, held = 100"))
    assert guarded.accepts(payments(guarded, f"{column} = {column} + 900")) == 1
    assert guarded.refuses(payments(guarded, f"{column} = {column} + 900.01")).constraint == "payments_budget"
    guarded.run(f"UPDATE budgets SET amount = 10 WHERE id = {ACME}")
    assert guarded.accepts(payments(guarded, "held = held - 1")) == 1
    assert guarded.refuses(payments(guarded, f"{column} = {column} + 0.01")).constraint == "payments_budget"


@pytest.mark.parametrize(
    ("why", "is_owed"),
    [("approved", False), ("part_approved", False), ("silence", True), ("undisputed", True), ("decided", True),
     ("conceded", True)],
)  # fmt: skip
def test_payments_budget_refuses_what_the_client_approves_and_never_what_is_owed(
    guarded: Guarded, why: str, is_owed: bool
):
    guarded.run(payments(guarded, "state = 'held', due = 0, held = 100"))
    change = payments(
        guarded, f"state = 'due', held = 0, due = 2000, approvals = approvals || '{{\"why\": \"{why}\"}}'::jsonb"
    )
    if is_owed:
        assert guarded.accepts(change) == 1
    else:
        assert guarded.refuses(change).constraint == "payments_budget"


@pytest.mark.parametrize("state", ["released", "due", "paid"])
def test_payments_budget_lets_a_charge_for_work_that_is_over_pass_beyond(guarded: Guarded, state: str):
    guarded.run(payments(guarded, f"state = '{state}'"))
    guarded.run(payments(guarded, "due = due + 2000"))
    assert used(guarded) == ("2150.00", "2150.00")


def test_payments_budget_takes_an_early_approval_for_no_later_permission(guarded: Guarded):
    guarded.run(payments(guarded, "state = 'held', due = 0, held = 100, approvals = '[{\"why\": \"silence\"}]'"))
    assert guarded.refuses(payments(guarded, "held = 2000")).constraint == "payments_budget"


def test_payments_budget_moves_all_of_a_payment_to_another_budget_that_has_room_and_its_currency(guarded: Guarded):
    other = guarded.fresh("budgets", "id")
    guarded.run(guarded.copy("budgets", "acme", {"id": other, "code": "'PO-2'", "committed": "0", "spent": "0"}))
    ((other,),) = guarded.rows("SELECT id::text FROM budgets WHERE code = 'PO-2'")
    move = payments(guarded, f"budget_id = '{other}'")
    guarded.run(f"UPDATE budgets SET amount = 149.99 WHERE id = '{other}'")
    assert guarded.refuses(move).constraint == "payments_budget", "though the payment is due already"
    guarded.run(f"UPDATE budgets SET amount = 150 WHERE id = '{other}'")
    guarded.run(move)
    assert (used(guarded), used(guarded, f"'{other}'")) == (("0.00", "0.00"), ("150.00", "150.00"))
    guarded.run(payments(guarded, "budget_id = NULL"))
    assert used(guarded, f"'{other}'") == ("0.00", "0.00")
    guarded.run("ALTER TABLE budgets DISABLE TRIGGER USER")
    guarded.run(f"UPDATE budgets SET currency = 'EUR' WHERE id = '{other}'")
    assert guarded.refuses(move).constraint == "payments_budget"


@pytest.mark.parametrize(("day", "is_in"), [("from_on", True), ("until_on", True), ("before", False), ("after", False)])
def test_payments_budget_takes_work_that_begins_on_the_budgets_days_of_the_clients_zone(
    guarded: Guarded, day: str, is_in: bool
):
    """Work at 03:00 UTC begins the evening before in Chicago."""
    assignments = f"UPDATE assignments SET start_at = '2027-03-02 03:00Z', end_at = '2027-03-02 05:00Z' WHERE {OF_ACME}"
    guarded.run("ALTER TABLE assignments DISABLE TRIGGER USER")
    guarded.run(assignments)
    guarded.run(f"UPDATE clients SET hours_zone = 'America/Chicago' WHERE id = '{id_of('acme')}'")
    days = {
        "from_on": ("2027-03-01", "2027-03-31"), "until_on": ("2027-02-01", "2027-03-01"),
        "before": ("2027-03-02", "2027-03-31"), "after": ("2027-02-01", "2027-02-28"),
    }[day]  # fmt: skip
    guarded.run(f"UPDATE budgets SET from_on = '{days[0]}', until_on = '{days[1]}' WHERE id = {ACME}")
    if is_in:
        assert guarded.accepts(again(guarded, {})) == 1
    else:
        assert guarded.refuses(again(guarded, {})).constraint == "payments_budget"


@pytest.mark.parametrize(
    "change",
    ["committed = 0, spent = 0", "committed = committed + 1", "spent = 0", "currency = 'EUR'", "code = 'PO-9'",
     "id = gen_random_uuid()"],
)  # fmt: skip
@pytest.mark.parametrize("viewer", ["engine", "migrate"])
def test_budgets_kept_leaves_what_is_committed_to_the_payments(guarded: Guarded, change: str, viewer: str):
    with guarded.acting(viewer):
        refusal = guarded.refuses(f"UPDATE budgets SET {change} WHERE id = {ACME}")
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "budgets_kept")
        assert guarded.accepts(f"UPDATE budgets SET amount = 5, is_hard = false, name = 'x' WHERE id = {ACME}") == 1
