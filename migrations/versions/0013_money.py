"""Money: the ledger, payments, payouts, disputes

Written as it is in PostgreSQL: most of it is guards.
"""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CLIENT = "NULLIF(current_setting('app.client', true), '')::uuid"
TECHNICIAN = "NULLIF(current_setting('app.technician', true), '')::uuid"
COMPANY = "NULLIF(current_setting('app.company', true), '')::uuid"
THEIRS = f"(technician_id = {TECHNICIAN} OR company_id = {COMPANY})"
#: An entry is seen by whoever sees its account.
ENTRY = "EXISTS (SELECT FROM ledger_accounts a WHERE a.id = account_id AND {})"

#: The tables, as `dispatch/record/tables/money.py` has them.
SCHEMA = (Path(__file__).parents[1] / "sql" / "money.sql").read_text(encoding="utf-8")

#: A session keeps the plans of its first entries, made when these tables may have been empty. Without the setting it would
#: read all of them for each entry, the slower the more there are, until statistics are gathered.
KEPT_PLANS = "SET search_path = pg_catalog, public SET enable_seqscan = off"

FUNCTIONS = f"""
CREATE FUNCTION ledger_post(new_id uuid, new_key text, new_kind text, client uuid, technician uuid, company uuid,
    payment uuid, payout uuid, new_why text, at timestamptz, accounts uuid[], amounts numeric[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER {KEPT_PLANS} AS $$
BEGIN
    INSERT INTO ledger_transactions
        (id, key, kind, client_id, technician_id, company_id, payment_id, payout_id, why, booked_at)
    VALUES (new_id, new_key, new_kind, client, technician, company, payment, payout, new_why, at)
    ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Always in one order, so that two transactions never wait for each other. For the platform's own nobody waits.
    PERFORM FROM ledger_accounts WHERE id = ANY (accounts) AND balance IS NOT NULL ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO ledger_entries (transaction_id, num, account_id, amount)
    SELECT new_id, e.num, e.account, e.amount
    FROM unnest(accounts, amounts) WITH ORDINALITY AS e (account, amount, num);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION ledger_post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post TO truckroll_engine;

CREATE FUNCTION ledger_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
{KEPT_PLANS} AS $$
DECLARE
    wrong record;
BEGIN
    SELECT e.transaction_id, e.amount, a.currency, t.xid INTO wrong FROM added e
    JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_transactions t ON t.id = e.transaction_id
    WHERE t.xid <> pg_current_xact_id() OR e.amount <> round(e.amount, a.digits) LIMIT 1;
    IF FOUND AND wrong.xid <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'transaction % is whole: nothing is added to it', wrong.transaction_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_entries_whole', TABLE = 'ledger_entries';
    ELSIF FOUND THEN
        RAISE EXCEPTION '% is finer than % is', wrong.amount, wrong.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_digits', TABLE = 'ledger_entries';
    END IF;
    WITH sums AS (
        SELECT e.account_id, sum(e.amount) AS amount, bool_and(t.kind = 'charge') AS is_charge
        FROM added e JOIN ledger_transactions t ON t.id = e.transaction_id GROUP BY e.account_id
    ), moved AS (
        UPDATE ledger_accounts a SET balance = a.balance + m.amount FROM sums m
        WHERE a.id = m.account_id AND a.balance IS NOT NULL
        RETURNING a.kind, a.balance, a.floor, m.amount, m.is_charge
    )
    SELECT kind, balance INTO wrong FROM moved
    WHERE amount < 0 AND balance < floor AND NOT (kind = 'funds' AND is_charge) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an account (%) would fall below its floor, to %', wrong.kind, wrong.balance
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_accounts_floor', TABLE = 'ledger_accounts';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
{KEPT_PLANS} AS $$
BEGIN
    IF (SELECT count(*) = 0 OR bool_or(total <> 0) FROM (
        SELECT sum(e.amount) AS total FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
        WHERE e.transaction_id = NEW.id GROUP BY a.currency) sums)
    THEN
        RAISE EXCEPTION 'transaction % does not sum to zero', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER ledger_entries_move AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_move();
-- One look a transaction is enough: `ledger_entries_move` lets nothing be added after its commit.
CREATE CONSTRAINT TRIGGER ledger_transactions_balanced AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();
CREATE TRIGGER ledger_entries_kept BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_kept_whole BEFORE TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_transactions_kept BEFORE UPDATE OR DELETE ON ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- Only an entry moves a balance; whose an account is, in which currency, stays. Its floor is anybody's to set.
CREATE TRIGGER ledger_accounts_kept BEFORE UPDATE ON ledger_accounts FOR EACH ROW
    WHEN ((OLD.id, OLD.kind, OLD.currency, OLD.digits, OLD.owner_id) IS DISTINCT FROM
        (NEW.id, NEW.kind, NEW.currency, NEW.digits, NEW.owner_id)
        OR (OLD.balance IS DISTINCT FROM NEW.balance AND pg_trigger_depth() = 0))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disputes_end_once BEFORE UPDATE OF state ON disputes FOR EACH ROW
    WHEN (OLD.state <> 'open' AND NEW.state <> OLD.state) EXECUTE FUNCTION refuse_revival();
"""

#: table -> rights of the engine, and whose rows the application sees
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "ledger_accounts": ("SELECT, INSERT, UPDATE", {"client": f"client_id = {CLIENT}", "self": THEIRS}),
    # Written by `ledger_post` alone.
    "ledger_transactions": ("SELECT", {"client": f"client_id = {CLIENT}", "asked": THEIRS}),
    "ledger_entries": (
        "SELECT",
        {
            "client": ENTRY.format(f"a.client_id = {CLIENT}"),
            "self": ENTRY.format(f"(a.technician_id = {TECHNICIAN} OR a.company_id = {COMPANY})"),
        },
    ),
    "payments": ("SELECT, INSERT, UPDATE", {"client": f"client_id = {CLIENT}", "asked": THEIRS}),
    "payouts": ("SELECT, INSERT, UPDATE", {"self": THEIRS}),
    "disputes": ("SELECT, INSERT, UPDATE", {"client": f"client_id = {CLIENT}", "asked": THEIRS}),
}


def upgrade() -> None:
    op.execute("ALTER TABLE clients ADD COLUMN money jsonb")
    # A raw cursor: the text has signs that a driver would take for parameters.
    op.get_bind().connection.cursor().execute(SCHEMA + FUNCTIONS + TRIGGERS)
    for table, (rights, policies) in TABLES.items():
        op.execute(f"GRANT SELECT ON {table} TO truckroll_app")
        op.execute(f"GRANT {rights} ON {table} TO truckroll_engine")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_whole ON {table} TO truckroll_engine, truckroll_migrate USING (true)")
        for name, rows in policies.items():
            op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR SELECT TO truckroll_app USING ({rows})")


def downgrade() -> None:
    for table in ("disputes", "ledger_entries", "ledger_transactions", "ledger_accounts", "payments", "payouts"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION ledger_post, ledger_move, ledger_balanced")
    op.execute("ALTER TABLE clients DROP COLUMN money")
