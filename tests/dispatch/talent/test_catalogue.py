"""Which skills, and which kinds of credentials, does the network know?"""

import pytest
from sqlalchemy import select
from worlds import World

from dispatch.errors import BadInput, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, SkillRow
from dispatch.talent.catalogue import put_credential_kinds, put_skills


def test_codes_are_added_and_renamed(world: World, operator: Actor) -> None:
    with world.as_engine() as (session, now):
        put_skills(session, operator, {"hvac": "Heating and cooling", "fiber": "Fiber"}, now=now)
        names = dict(session.execute(select(SkillRow.code, SkillRow.name)).all())
        assert names == {"hvac": "Heating and cooling", "fiber": "Fiber", "wifi": "wifi", "drones": "drones"}
        kinds = {"drug_test": "Drug test", "nda": "Secrecy"}
        put_credential_kinds(session, operator, kinds, screening=frozenset({"drug_test"}), now=now)
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
