"""The checks of the ledger, payments, payouts and disputes."""

from edges import CURRENCY, Edge, known, sum_of_money

from dispatch.record.tables import money
from matching.currencies import THOUSANDTHS
from matching.usage import ENGAGEMENTS

_SOMEBODY = "'11111111-1111-1111-1111-111111111111'"
_NOBODY = "client_id = NULL, technician_id = NULL, company_id = NULL"
_OWNERS = {
    each: f"{_NOBODY}, {each} = {_SOMEBODY}".replace(f"{each} = NULL, ", "") for each in ("client_id", "technician_id")
}
_OWNERS["company_id"] = f"client_id = NULL, technician_id = NULL, company_id = {_SOMEBODY}"
_PLATFORM = "'00000000-0000-0000-0000-000000000000'"


def _owned(kind: str, owner: str) -> str:
    return f"kind = '{kind}', {owner}"


CHECKS = {
    "ck_ledger_accounts_kind_known": known("kind", money.ACCOUNT_KINDS),
    "ck_ledger_accounts_currency_code": CURRENCY,
    "ck_ledger_accounts_currency_fits": Edge(
        ("currency = 'USD'", "currency = 'CAD'"), tuple(f"currency = '{each}'" for each in sorted(THOUSANDTHS))
    ),
    "ck_ledger_accounts_digits_of_currency": Edge(
        ("currency = 'USD', digits = 2", "currency = 'JPY', digits = 0", "currency = 'KRW', digits = 0"),
        ("currency = 'USD', digits = 0", "currency = 'JPY', digits = 2", "digits = 3"),
    ),
    "ck_ledger_accounts_kind_has_its_owner": Edge(
        (
            *(_owned(kind, _OWNERS["client_id"]) for kind in ("funds", "held")),
            *(_owned(kind, _OWNERS[who]) for kind in ("due", "in_payout") for who in ("technician_id", "company_id")),
            *(_owned(kind, _NOBODY) for kind in ("fees", "outside")),
        ),
        (
            *(_owned(kind, _NOBODY) for kind in ("funds", "held", "due", "in_payout")),
            *(_owned(kind, _OWNERS["technician_id"]) for kind in ("funds", "held", "fees", "outside")),
            *(_owned(kind, _OWNERS["client_id"]) for kind in ("due", "in_payout", "fees", "outside")),
            f"kind = 'funds', client_id = {_SOMEBODY}, technician_id = {_SOMEBODY}, company_id = NULL",
            f"kind = 'due', client_id = NULL, technician_id = {_SOMEBODY}, company_id = {_SOMEBODY}",
        ),
    ),
    "ck_ledger_accounts_owner_is_one": Edge(
        (
            *(f"owner_id = {_SOMEBODY}, {owner}" for owner in _OWNERS.values()),
            f"owner_id = {_PLATFORM}, {_NOBODY}",
        ),
        (f"owner_id = {_SOMEBODY}, {_NOBODY}", f"owner_id = {_PLATFORM}, {_OWNERS['client_id']}"),
    ),
    "ck_ledger_accounts_balance_kept": Edge(
        ("kind = 'outside', balance = NULL", "kind = 'fees', balance = NULL", "kind = 'funds', balance = 0"),
        ("kind = 'outside', balance = 0", "kind = 'fees', balance = 0", "kind = 'funds', balance = NULL"),
    ),
    "ck_ledger_accounts_sums_are_numbers": Edge(
        ("balance = -5, floor = -10", "balance = NULL, floor = NULL"), ("balance = 'NaN'", "floor = 'NaN'")
    ),
    "ck_ledger_transactions_kind_known": known("kind", money.TRANSACTION_KINDS),
    "ck_ledger_transactions_payment_has_client": Edge(
        ("payment_id = NULL, client_id = NULL", f"payment_id = {_SOMEBODY}, client_id = {_SOMEBODY}"),
        (f"payment_id = {_SOMEBODY}, client_id = NULL",),
    ),
    "ck_ledger_entries_amount_moves": Edge(("amount = -0.01", "amount = 0.01"), ("amount = 0", "amount = 'NaN'")),
    "ck_budgets_currency_code": CURRENCY,
    "ck_budgets_amount_sum": sum_of_money("amount"),
    "ck_budgets_days_in_order": Edge(
        ("from_on = '2027-01-01', until_on = '2027-01-01'", "from_on = '2027-01-01', until_on = NULL"),
        (
            "from_on = '2027-01-02', until_on = '2027-01-01'",
            "from_on = '-infinity', until_on = NULL",
            "from_on = '2027-01-01', until_on = 'infinity'",
        ),
    ),
    "ck_budgets_reason_roles_list": Edge(("reason_roles = '[]'",), ("reason_roles = '{}'", "reason_roles = '\"x\"'")),
    "ck_budgets_spent_of_committed": Edge(
        ("committed = 5, spent = 5", "committed = 5, spent = 0"),
        ("committed = 5, spent = 5.01", "committed = 5, spent = -0.01", "committed = 'NaN', spent = 5"),
    ),
    "ck_payments_state_known": known("state", money.PAYMENT_STATES),
    "ck_payments_engaged_as_known": known("engaged_as", ENGAGEMENTS),
    "ck_payments_payroll_of_employees": Edge(
        (f"engaged_as = 'w2', payroll_id = {_SOMEBODY}", "engaged_as = 'w2'", "payroll_id = NULL"),
        tuple(f"engaged_as = '{each}', payroll_id = {_SOMEBODY}" for each in ("contractor", "company")),
    ),
    "ck_payments_currency_code": CURRENCY,
    **{f"ck_payments_{each}_sum": sum_of_money(each) for each in money.PAYMENT_SUMS},
    "ck_payments_due_has_date": Edge(
        ("state = 'due', due_at = now()", "state = 'held', due_at = NULL", "state = 'held', due_at = now()"),
        ("state = 'due', due_at = NULL",),
    ),
    "ck_payments_dates_finite": Edge(
        ("approve_by = now(), due_at = now()", "approve_by = NULL, due_at = NULL"),
        ("approve_by = 'infinity'", "due_at = '-infinity'"),
    ),
    "ck_payouts_state_known": known("state", money.PAYOUT_STATES),
    "ck_payouts_currency_code": CURRENCY,
    "ck_payouts_amount_sum": Edge(("amount = 0.01",), ("amount = 0", "amount = -0.01", "amount = 'NaN'")),
    "ck_payouts_goes_to_one": Edge(
        (
            f"technician_id = {_SOMEBODY}, company_id = NULL",
            f"technician_id = NULL, company_id = {_SOMEBODY}",
        ),
        ("technician_id = NULL, company_id = NULL", f"technician_id = {_SOMEBODY}, company_id = {_SOMEBODY}"),
    ),
    "ck_payouts_created_not_sent": Edge(
        ("state = 'created', sent_at = NULL", "state = 'sent', sent_at = now()", "state = 'failed', sent_at = NULL"),
        ("state = 'created', sent_at = now()",),
    ),
    "ck_payouts_settled_has_time": Edge(
        (
            "state = 'created', settled_at = NULL",
            "state = 'sent', settled_at = NULL",
            *(f"state = '{each}', settled_at = now()" for each in ("paid", "failed", "returned")),
        ),
        (
            "state = 'sent', settled_at = now()",
            "state = 'paid', settled_at = NULL",
            "state = 'failed', settled_at = NULL",
        ),
    ),
    "ck_disputes_state_known": known("state", money.DISPUTE_STATES),
    "ck_disputes_currency_code": CURRENCY,
    "ck_disputes_amount_sum": sum_of_money("amount"),
    "ck_disputes_awarded_sum": sum_of_money("awarded"),
    "ck_disputes_of_claim_sum": sum_of_money("of_claim"),
    "ck_disputes_of_claim_within_amount": Edge(
        ("amount = 40, of_claim = 40", "of_claim = NULL"), ("amount = 40, of_claim = 40.01",)
    ),
    "ck_disputes_awarded_within_amount": Edge(
        ("amount = 40, awarded = 40", "awarded = NULL"), ("amount = 40, awarded = 40.01",)
    ),
    "ck_disputes_decide_after_opened": Edge(
        ("decide_by = opened_at + interval '1 microsecond'",), ("decide_by = opened_at", "decide_by = 'infinity'")
    ),
    "ck_disputes_decided_has_time": Edge(
        ("state = 'open', decided_at = NULL", "state = 'decided', decided_at = now()"),
        ("state = 'open', decided_at = now()", "state = 'decided', decided_at = NULL"),
    ),
    "ck_disputes_decided_has_sum": Edge(
        ("state = 'open', awarded = NULL", "state = 'decided', awarded = 0"),
        ("state = 'open', awarded = 0", "state = 'decided', awarded = NULL"),
    ),
}
