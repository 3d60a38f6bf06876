"""Every foreign key, alone: a row that points to nothing is refused by its name, or into another client's data."""

import re
from dataclasses import dataclass

import pytest
from catalogue import names, stored
from guarding import Guarded

pytestmark = pytest.mark.guards

FOREIGN_KEY_VIOLATION = "23503"
NOWHERE = {"uuid": "gen_random_uuid()", "character varying(64)": "'nowhere'"}


@dataclass(frozen=True)
class Reference:
    """A foreign key as its definition says it."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    cascades: bool


def parsed(table: str, definition: str) -> Reference:
    found = re.match(r"FOREIGN KEY \((.*?)\) REFERENCES (\w+)\((.*?)\)(.*)", definition)
    assert found
    columns, targets = tuple(found[1].split(", ")), tuple(found[3].split(", "))
    return Reference(table, columns, found[2], targets, "ON DELETE CASCADE" in found[4])


REFERENCES = {
    name: parsed(table, stored()["constraints"][table][name]) for table, name in names("constraints", "FOREIGN KEY")
}
TENANTS = {name: each for name, each in REFERENCES.items() if len(each.columns) == 2}


def row_of(guarded: Guarded, reference: Reference) -> str:
    """A row of the world that points somewhere."""
    column = reference.columns[-1]
    for name in guarded.world.keys[reference.table]:
        where = guarded.world.where(reference.table, name)
        if guarded.rows(f"SELECT FROM {reference.table} WHERE {where} AND {column} IS NOT NULL"):
            return name
    raise AssertionError(f"no row of {reference.table} has a {column}: extend the world")


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_a_foreign_key_alone_refuses_to_point_to_nothing(guarded: Guarded, name: str):
    reference = REFERENCES[name]
    row = row_of(guarded, reference)
    guarded.isolate(reference.table, keep=name)
    assert guarded.accepts(guarded.copy(reference.table, row)) == 1
    column = reference.columns[-1]
    nowhere = NOWHERE[guarded.columns[reference.table][column]]
    refusal = guarded.refuses(guarded.copy(reference.table, row, {column: nowhere}))
    assert (refusal.code, refusal.constraint) == (FOREIGN_KEY_VIOLATION, name)


@pytest.mark.parametrize("name", sorted(TENANTS))
def test_a_foreign_key_alone_refuses_to_point_into_another_clients_data(guarded: Guarded, name: str):
    reference = TENANTS[name]
    guarded.isolate(reference.table, keep=name)
    column, target = reference.columns[1], reference.target
    ((theirs,),) = guarded.rows(f"SELECT id FROM {target} WHERE {guarded.world.where(target, 'burg')}")
    refusal = guarded.refuses(guarded.copy(reference.table, "acme", {column: f"'{theirs}'"}))
    assert (refusal.code, refusal.constraint) == (FOREIGN_KEY_VIOLATION, name)


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_what_is_pointed_to_stays_unless_the_key_cascades(guarded: Guarded, name: str):
    reference = REFERENCES[name]
    row = row_of(guarded, reference)
    where = guarded.world.where(reference.table, row)
    ((value,),) = guarded.rows(f"SELECT {reference.columns[-1]} FROM {reference.table} WHERE {where}")
    guarded.isolate(reference.table, keep=name)
    others = [other for other, each in REFERENCES.items() if each.target == reference.target and other != name]
    for other in others:
        guarded.run(f"ALTER TABLE {REFERENCES[other].table} DROP CONSTRAINT IF EXISTS {other} CASCADE")
    guarded.run(f"ALTER TABLE {reference.target} DISABLE TRIGGER USER")
    removal = f"DELETE FROM {reference.target} WHERE {reference.target_columns[-1]} = '{value}'"
    if reference.cascades:
        guarded.run(removal)
        assert guarded.rows(f"SELECT FROM {reference.table} WHERE {reference.columns[-1]} = '{value}'") == []
    else:
        assert guarded.refuses(removal).constraint == name
