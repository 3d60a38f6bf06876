"""What the database itself says of proofs: none is trusted without the facts that the family of its kind needs."""

import json

import pytest
from guard_world import id_of
from guarding import Guarded

from dispatch.talent.catalogue import SCREENED
from dispatch.talent.proofs import FACTS

pytestmark = pytest.mark.guards

RESTRICT_VIOLATION = "23001"


def said(names: list[str]) -> str:
    return "'" + json.dumps(dict.fromkeys(names, "x")) + "'::jsonb"


@pytest.mark.parametrize("family", FACTS)
@pytest.mark.parametrize("state", ["verified", "expiring"])
def test_nothing_begins_to_count_without_the_facts_of_its_family(guarded: Guarded, family: str, state: str):
    kind = f"family = '{family}', is_screening = {family in SCREENED}"
    guarded.run(f"UPDATE credential_kinds SET {kind} WHERE code = 'insurance'")
    guarded.run(guarded.update("credentials", "anna", "state = 'submitted', verified_at = NULL"))
    needed = [name for name, fact in FACTS[family].items() if fact.is_needed]
    fresh = {"id": "gen_random_uuid()", "vendor": "NULL", "vendor_ref": "NULL", "vendor_seq": "NULL"}
    for missing in needed:
        facts = said([name for name in FACTS[family] if name != missing])
        moved = guarded.refuses(guarded.update("credentials", "anna", f"state = '{state}', facts = {facts}"))
        born = guarded.refuses(guarded.copy("credentials", "anna", {**fresh, "state": f"'{state}'", "facts": facts}))
        assert (moved.code, moved.constraint) == (RESTRICT_VIOLATION, "credentials_with_facts"), missing
        assert (born.code, born.constraint) == (RESTRICT_VIOLATION, "credentials_born_with_facts"), missing
    whole = said(needed)
    assert guarded.accepts(guarded.copy("credentials", "anna", {**fresh, "state": f"'{state}'", "facts": whole})) == 1
    assert guarded.accepts(guarded.update("credentials", "anna", f"state = '{state}', facts = {whole}")) == 1


def test_what_counted_goes_on_to_its_end_and_an_erasure_empties_its_facts(guarded: Guarded):
    guarded.run("UPDATE credential_kinds SET family = 'insurance' WHERE code = 'insurance'")
    where = f"technician_id = '{id_of('anna')}' AND state = 'verified'"
    assert guarded.accepts(f"UPDATE credentials SET facts = '{{}}' WHERE {where}") == 1
    assert guarded.accepts(f"UPDATE credentials SET state = 'expiring' WHERE {where}") == 1
    assert guarded.accepts(guarded.copy("credentials", "anna", {
        "id": "gen_random_uuid()", "state": "'submitted'", "facts": "'{}'",
        "vendor": "NULL", "vendor_ref": "NULL", "vendor_seq": "NULL",
    })) == 1  # fmt: skip


def test_only_a_proof_clears_for_longer_than_a_year(guarded: Guarded):
    said = "clearance = 'us_person', clearance_until = CURRENT_DATE + {}"
    assert guarded.accepts(guarded.update("technicians", "anna", said.format(366))) == 1
    too_long = guarded.update("technicians", "anna", said.format(367))
    fresh = {"id": "gen_random_uuid()", "number": "'T-new'"}
    born = {**fresh, "clearance": "'us_person'", "clearance_until": "CURRENT_DATE + 367"}
    for statement in (too_long, guarded.copy("technicians", "anna", born)):
        refusal = guarded.refuses(statement)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "technicians_word_ends")
    guarded.run("UPDATE credential_kinds SET family = 'clearance' WHERE code = 'insurance'")
    proved = (
        "state = 'verified', facts = '{\"evidence\": \"citizen\"}', for_client_id = NULL, valid_until = CURRENT_DATE"
    )
    for days, is_enough in ((366, False), (367, True)):
        guarded.run(guarded.update("credentials", "anna", f"{proved} + {days}"))
        if is_enough:
            assert guarded.accepts(too_long) == 1
        else:
            assert guarded.refuses(too_long).constraint == "technicians_word_ends"


@pytest.mark.parametrize(("state", "ended"), [("submitted", "rejected"), ("verified", "revoked")])
def test_a_screening_ends_for_what_is_wrong_with_its_paper_or_by_a_removal_that_went_all_its_way(
    guarded: Guarded, state: str, ended: str
):
    guarded.run("UPDATE credential_kinds SET family = 'drug_screen', is_screening = true WHERE code = 'insurance'")
    guarded.run(guarded.update("credentials", "anna", f"state = '{state}', ground = NULL"))
    stamp = ", revoked_at = now()" if ended == "revoked" else ""
    ends = guarded.update("credentials", "anna", f"state = '{ended}'{stamp}")
    on_ground = guarded.update("credentials", "anna", f"state = '{ended}', ground = 'forged'{stamp}")
    refusal = guarded.refuses(ends)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "credentials_heard")
    assert guarded.accepts(on_ground) == 1
    guarded.run(guarded.update("credentials", "anna", 'facts = \'{"result": "adverse"}\''))
    assert guarded.refuses(on_ground).constraint == "credentials_heard", "what the report says is heard first"
    guarded.run(guarded.update("removals", "anna", "state = 'final', weighed = 'x', ended_at = now()"))
    assert guarded.accepts(ends) == 1


def test_nobody_is_suspended_over_an_adverse_result_of_which_they_were_not_told(guarded: Guarded):
    suspends = guarded.update("technicians", "anna", "state = 'suspended'")
    guarded.run(guarded.update("credentials", "anna", 'facts = \'{"result": "adverse"}\''))
    assert guarded.accepts(suspends) == 1, "notice was given"
    guarded.run(f"DELETE FROM removals WHERE technician_id = '{id_of('anna')}'")
    refusal = guarded.refuses(suspends)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "technicians_heard")
    guarded.run(guarded.update("credentials", "anna", "state = 'expired'"))
    assert guarded.accepts(suspends) == 1


def test_what_a_kind_of_proof_is_stays_so_once_there_are_proofs_of_it(guarded: Guarded):
    guarded.run("UPDATE credential_kinds SET family = 'drug_screen', is_screening = true WHERE code = 'insurance'")
    to_less = "UPDATE credential_kinds SET family = 'certificate', is_screening = {} WHERE code = 'insurance'"
    for statement in (to_less.format("true"), to_less.format("false")):
        refusal = guarded.refuses(statement)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "credential_kinds_kept")
    assert guarded.accepts("UPDATE credential_kinds SET name = 'Screen' WHERE code = 'insurance'") == 1
    guarded.run("DELETE FROM removals")
    guarded.run("DELETE FROM credentials WHERE kind = 'insurance'")
    assert guarded.accepts(to_less.format("false")) == 1
