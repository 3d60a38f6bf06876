"""Which skills, and which kinds of credentials, does the network know?"""

from datetime import date

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, Refused
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import CredentialKindRow, SkillRow
from dispatch.talent.catalogue import Kind, put_credential_kinds, put_skills
from dispatch.talent.credentials import Claim, submit_credential


def test_codes_are_added_and_renamed(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        put_skills(session, operator, {"hvac": "Heating and cooling", "fiber": "Fiber"}, now=now)
        names = dict(session.execute(select(SkillRow.code, SkillRow.name)).all())
        assert names == {"hvac": "Heating and cooling", "fiber": "Fiber", "wifi": "wifi", "drones": "drones"}
        kinds = [Kind("drug_test", "Drug test", "drug_screen"), Kind("nda", "Secrecy")]
        put_credential_kinds(session, operator, kinds, now=now)
        screening = select(CredentialKindRow.code).where(CredentialKindRow.is_screening)
        assert session.scalars(screening).all() == ["drug_test"]
        put_skills(session, operator, {}, now=now)


def test_the_catalogue_is_the_operator_s_and_its_codes_are_codes(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        with pytest.raises(Refused):
            put_skills(session, world.staff, {"x": "X"}, now=now)
        for code, name in (("Two Words", "X"), ("x", "")):
            with pytest.raises(BadInput):
                put_skills(session, operator, {code: name}, now=now)


def test_what_a_kind_is_stays_so_once_there_are_proofs_of_it(world: World, operator: Actor) -> None:
    """Another name for an insurance leaves it one: what it asks for is asked for, and clients see what they saw."""
    kinds = [Kind("liability", "Liability", "insurance"), Kind("drug_test", "Drug test", "drug_screen")]
    with world.as_engine() as (session, now):
        put_credential_kinds(session, operator, kinds, now=now)
        for num, kind in enumerate(kinds):
            claim = Claim(kind.code, date(2026, 1, 1), date(2099, 1, 1), "Number 7")
            submit_credential(session, ENGINE, world.technicians[num], claim, now=now)
    with world.as_engine() as (session, now):
        put_credential_kinds(session, operator, [Kind(each.code, f"{each.name} (US)") for each in kinds], now=now)
        wanted = select(CredentialKindRow.name, CredentialKindRow.family, CredentialKindRow.is_screening)
        wanted = wanted.where(CredentialKindRow.code.in_(["liability", "drug_test"])).order_by(CredentialKindRow.code)
        assert session.execute(wanted).all() == [
            ("Drug test (US)", "drug_screen", True),
            ("Liability (US)", "insurance", False),
        ]
        for kind, field in (
            (Kind("liability", "Liability", "certificate"), "family"),
            (Kind("drug_test", "Drug test", is_screening=False), "is_screening"),
            (Kind("liability", "Liability", verified_by="client"), "verified_by"),
        ):
            with pytest.raises(BadInput) as refused:
                put_credential_kinds(session, operator, [kind], now=now)
            assert refused.value.field == field
        # One without proofs may still be put right.
        put_credential_kinds(session, operator, [Kind("nda", "Secrecy", "agreement")], now=now)
