"""The ledger's triggers, each alone: balances follow the entries, sums are zero, floors hold, nothing is rewritten."""

import pytest
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards

CHECK_VIOLATION, RESTRICT_VIOLATION = "23514", "23001"
ACME, ANNA, NETWORK = (f"'{id_of(f'{name}.account')}'" for name in ("acme", "anna", "network"))
NEW = f"'{id_of('new transaction')}'"


def begin(guarded: Guarded, kind: str = "charge", key: str = "new") -> None:
    guarded.run(f"INSERT INTO ledger_transactions (id, key, kind, booked_at) VALUES ({NEW}, '{key}', '{kind}', now())")


def entries(*parts: tuple[str, str], transaction: str = NEW, first: int = 1) -> str:
    rows = ", ".join(
        f"({transaction}, {num}, {account}, {amount})" for num, (account, amount) in enumerate(parts, first)
    )
    return f"INSERT INTO ledger_entries (transaction_id, num, account_id, amount) VALUES {rows}"


def balance(guarded: Guarded, account: str) -> str:
    ((found,),) = guarded.rows(f"SELECT balance::text FROM ledger_accounts WHERE id = {account}")
    return str(found)


def test_ledger_entries_move_adds_each_entry_to_its_balance_and_leaves_the_platforms_to_be_summed(guarded: Guarded):
    assert (balance(guarded, ACME), balance(guarded, ANNA)) == ("-150.00", "150.00")
    begin(guarded)
    guarded.run(entries((ACME, "-0.10"), (ACME, "-0.20"), (ANNA, "0.25"), (NETWORK, "0.05")))
    assert (balance(guarded, ACME), balance(guarded, ANNA)) == ("-150.30", "150.25")
    assert balance(guarded, NETWORK) == "None"


@pytest.mark.parametrize("kind", ["hold", "withdraw", "payout"])
def test_ledger_entries_move_lets_no_account_fall_below_its_floor(guarded: Guarded, kind: str):
    guarded.run(f"UPDATE ledger_accounts SET floor = -200 WHERE id = {ACME}")
    begin(guarded, kind)
    assert guarded.accepts(entries((ACME, "-50"), (ANNA, "50"))) == 2
    refusal = guarded.refuses(entries((ACME, "-50.01"), (ANNA, "50.01")))
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "ledger_accounts_floor")


def test_ledger_entries_move_lets_what_is_owed_fall_below_the_floor_of_funds_and_of_nothing_else(guarded: Guarded):
    guarded.run(f"UPDATE ledger_accounts SET floor = 0 WHERE id IN ({ACME}, {ANNA})")
    begin(guarded, "charge")
    assert guarded.accepts(entries((ACME, "-500"), (ANNA, "500"))) == 2
    assert guarded.refuses(entries((ACME, "150.01"), (ANNA, "-150.01"))).constraint == "ledger_accounts_floor"


def test_ledger_entries_move_lets_an_account_below_its_floor_be_filled_again(guarded: Guarded):
    guarded.run(f"UPDATE ledger_accounts SET floor = 0 WHERE id = {ACME}")
    begin(guarded, "deposit")
    assert guarded.accepts(entries((ACME, "10"), (NETWORK, "-10"))) == 2


@pytest.mark.parametrize(
    ("currency", "amount", "is_fine"), [("USD", "0.01", True), ("JPY", "1", True), ("JPY", "0.5", False)]
)
def test_ledger_entries_move_refuses_fractions_that_the_currency_does_not_have(
    guarded: Guarded, currency: str, amount: str, is_fine: bool
):
    guarded.run("ALTER TABLE ledger_accounts DISABLE TRIGGER USER")
    digits = 0 if currency == "JPY" else 2
    guarded.run(f"UPDATE ledger_accounts SET currency = '{currency}', digits = {digits}")
    begin(guarded)
    statement = entries((ACME, f"-{amount}"), (ANNA, amount))
    if is_fine:
        assert guarded.accepts(statement) == 2
    else:
        assert guarded.refuses(statement).constraint == "ledger_entries_digits"


def test_ledger_entries_move_adds_nothing_to_a_transaction_that_was_committed(guarded: Guarded):
    late = entries((ACME, "-1"), (ANNA, "1"), transaction=f"'{id_of('acme.transaction')}'", first=3)
    refusal = guarded.refuses(late)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "ledger_entries_whole")


@pytest.mark.parametrize(
    "parts",
    [[(ACME, "-1")], [(ACME, "-1"), (ANNA, "1.01")], []],
    ids=["one side", "a cent too much", "nothing"],
)
def test_ledger_transactions_balanced_refuses_what_does_not_sum_to_zero(guarded: Guarded, parts: list[tuple[str, str]]):
    begin(guarded)
    if parts:
        guarded.run(entries(*parts))
    refusal = guarded.refuses("SET CONSTRAINTS ALL IMMEDIATE")
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "ledger_transactions_balanced")


def test_ledger_transactions_balanced_looks_at_each_currency_by_itself_and_at_the_end_only(guarded: Guarded):
    begin(guarded)
    guarded.run(entries((ACME, "-1")))
    guarded.run(entries((ANNA, "1"), first=2))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")
    guarded.run("ALTER TABLE ledger_accounts DISABLE TRIGGER USER")
    guarded.run(f"UPDATE ledger_accounts SET currency = 'EUR' WHERE id = {ANNA}")
    guarded.run("SET CONSTRAINTS ALL DEFERRED")
    guarded.run(
        "INSERT INTO ledger_transactions (id, key, kind, booked_at)"
        " VALUES (gen_random_uuid(), 'second', 'charge', now())"
    )
    guarded.run(
        "INSERT INTO ledger_entries SELECT id, num, account, amount FROM ledger_transactions,"
        f" (VALUES (1, {ACME}::uuid, -1), (2, {ANNA}::uuid, 1)) AS e (num, account, amount) WHERE key = 'second'"
    )
    assert guarded.refuses("SET CONSTRAINTS ALL IMMEDIATE").constraint == "ledger_transactions_balanced"


@pytest.mark.parametrize(
    "change",
    ["balance = balance + 1", "kind = 'held'", "currency = 'EUR'", "digits = 0", "id = gen_random_uuid()",
     "owner_id = gen_random_uuid()"],
)  # fmt: skip
@pytest.mark.parametrize("viewer", ["engine", "migrate"])
def test_ledger_accounts_kept_lets_nobody_set_a_balance_or_give_an_account_away(
    guarded: Guarded, change: str, viewer: str
):
    with guarded.acting(viewer):
        refusal = guarded.refuses(f"UPDATE ledger_accounts SET {change} WHERE id = {ACME}")
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "ledger_accounts_kept")
        assert guarded.accepts(f"UPDATE ledger_accounts SET floor = -1 WHERE id = {ACME}") == 1


def test_ledger_post_books_a_key_once_and_says_so(guarded: Guarded):
    call = (
        "SELECT ledger_post({id}, 'again', 'charge', NULL, NULL, NULL, NULL, NULL, NULL, now(),"
        f" ARRAY[{ANNA}, {ACME}]::uuid[], ARRAY[1, -1]::numeric[])"
    )
    with guarded.acting("engine"):
        assert guarded.rows(call.format(id="gen_random_uuid()")) == [(True,)]
        assert guarded.rows(call.format(id="gen_random_uuid()")) == [(False,)]
    assert balance(guarded, ACME) == "-151.00"
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


def test_ledger_post_reads_no_table_whole_even_where_its_plan_was_made_when_there_was_nothing_in_it(guarded: Guarded):
    """A session keeps its plan: one that reads all costs more with every booking that anybody makes."""
    scans = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname ~ '^ledger_' ORDER BY relname"
    before = guarded.rows(scans)
    with guarded.acting("engine"):
        guarded.rows(
            "SELECT ledger_post(gen_random_uuid(), 'first', 'charge', NULL, NULL, NULL, NULL, NULL, NULL, now(),"
            f" ARRAY[{ANNA}, {ACME}]::uuid[], ARRAY[1, -1]::numeric[])"
        )
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")
    assert guarded.rows(scans) == before


def test_disputes_end_once_lets_no_decision_be_taken_back(guarded: Guarded):
    guarded.run(guarded.update("disputes", "acme", "state = 'decided', decided_at = now(), awarded = 1"))
    refusal = guarded.refuses(guarded.update("disputes", "acme", "state = 'open', decided_at = NULL, awarded = NULL"))
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "disputes_end_once")
    assert guarded.accepts(guarded.update("disputes", "acme", "note = 'seen'")) == 1


@pytest.mark.parametrize(
    "change",
    ["id = gen_random_uuid()", "technician_id = NULL", "company_id = gen_random_uuid()", "currency = 'EUR'",
     "amount = amount + 1", "items = '[1]'"],
)  # fmt: skip
def test_payouts_kept_lets_nobody_change_what_went_to_whom_for_what(guarded: Guarded, change: str):
    refusal = guarded.refuses(guarded.update("payouts", "anna", change))
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "payouts_kept")
    assert guarded.accepts(guarded.update("payouts", "anna", "failed_why = 'account_closed'")) == 1
