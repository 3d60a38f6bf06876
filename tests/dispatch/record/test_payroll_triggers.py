"""What the database itself says of whose a payment is, and of the payroll partner of who is employed."""

import pytest
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards
RESTRICT_VIOLATION = "23001"
ANNA = f"technician_id = '{id_of('anna')}' AND client_id = '{id_of('acme')}'"
ACME = f"id = '{id_of('acme')}'"


def pays(guarded: Guarded, *, has_partner: bool) -> None:
    partner = f"'{id_of('crew')}'" if has_partner else "NULL"
    guarded.run(f"UPDATE clients SET pays_outside = false, money = '{{}}', payroll_id = {partner} WHERE {ACME}")


@pytest.mark.parametrize(
    "change",
    ["engaged_as = 'w2'", "payroll_id = '{crew}', engaged_as = 'w2'", "company_id = NULL",
     "technician_id = '{bo}'"],
)  # fmt: skip
def test_whose_a_payment_is_stays_as_it_was_at_the_yes(guarded: Guarded, change: str):
    change = change.format(crew=id_of("crew"), bo=id_of("bo"))
    refusal = guarded.refuses(guarded.update("payments", "acme", change))
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "payments_keep_whose")
    assert guarded.accepts(guarded.update("payments", "acme", "version = version + 1")) == 1


def test_nobody_is_paid_through_a_partner_but_who_is_employed(guarded: Guarded):
    guarded.run("ALTER TABLE payments DROP CONSTRAINT uq_payments_assignment_id")
    wanted = {"id": "gen_random_uuid()", "payroll_id": f"'{id_of('crew')}'"}
    refusal = guarded.refuses(guarded.copy("payments", "acme", wanted | {"engaged_as": "'contractor'"}))
    assert refusal.constraint == "ck_payments_payroll_of_employees"
    assert guarded.accepts(guarded.copy("payments", "acme", wanted | {"engaged_as": "'w2'"})) == 1


def test_nobody_becomes_employed_where_no_partner_pays_them(guarded: Guarded):
    guarded.run(f"DELETE FROM usage WHERE {ANNA}")
    born = (
        f"INSERT INTO usage (client_id, technician_id, engaged_as) VALUES ('{id_of('acme')}', '{id_of('anna')}', 'w2')"
    )
    pays(guarded, has_partner=False)
    refusal = guarded.refuses(born)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "usage_born_with_payroll")
    guarded.run(born.replace("'w2'", "'contractor'"))
    becomes = f"UPDATE usage SET engaged_as = 'w2' WHERE {ANNA}"
    refusal = guarded.refuses(becomes)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "usage_has_payroll")
    pays(guarded, has_partner=True)
    assert guarded.accepts(becomes) == 1
    guarded.run(f"UPDATE clients SET money = NULL, payroll_id = NULL, pays_outside = true WHERE {ACME}")
    assert guarded.accepts(becomes) == 1, "whom it pays outside is its own affair"


def test_a_partner_stays_while_employees_are_paid_through_it(guarded: Guarded):
    pays(guarded, has_partner=True)
    taken = f"UPDATE clients SET payroll_id = NULL WHERE {ACME}"
    assert guarded.accepts(taken) == 1, "nobody is employed"
    guarded.run(f"UPDATE usage SET engaged_as = 'w2' WHERE {ANNA}")
    refusal = guarded.refuses(taken)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "clients_keep_payroll")
    guarded.run(f"UPDATE clients SET money = NULL, payroll_id = NULL, pays_outside = true WHERE {ACME}")
    inside = f"UPDATE clients SET money = '{{}}', pays_outside = false WHERE {ACME}"
    assert guarded.refuses(inside).constraint == "clients_keep_payroll"
