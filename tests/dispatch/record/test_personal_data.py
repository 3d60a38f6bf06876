"""The check for personal data finds what is planted, and lets ids, codes, numbers and times pass."""

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from guard_world import NOW, id_of
from personal_data import assert_no_personal_data, is_impersonal
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import DecisionRow


@pytest.fixture
def session(guarded_world: tuple[Engine, Any]) -> Iterator[Session]:
    engine, _ = guarded_world
    with engine.connect() as connection:
        outer = connection.begin()
        yield Session(connection)
        outer.rollback()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        "150.00",
        "-97",
        "2026-03-02T12:00:00+00:00",
        "2026-03-02",
        "0197a3b2-5a3e-7c40-9d5c-6f7c54d6f7aa",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "too_far",
        "USD",
        "hvac.gas",
        "1",
    ],
)
def test_ids_codes_numbers_and_times_are_impersonal(value: object):
    assert is_impersonal(value)


@pytest.mark.parametrize(
    "value",
    [
        "Anna Miller",
        "anna@example.org",
        "+15125550100",
        "512-555-0100",
        "(512) 555-0100",
        "5125550100123",
        "1 Main Street",
        "Key under the mat",
        "Łódź",
        "",
        "20260302123456789",
    ],
)
def test_names_mails_telephones_addresses_and_free_words_are_personal(value: object):
    assert not is_impersonal(value)


CLEAN = {"offers": [[str(id_of("o")), str(id_of("anna"))]], "until": NOW.isoformat(), "wave": 1, "why": "too_far"}


def noted(session: Session, data: dict[str, Any]) -> None:
    record(session, ENGINE, ("job", id_of("acme.job")), "noted", data, client_id=id_of("acme"), now=NOW)


def test_a_history_of_ids_and_codes_passes(session: Session):
    noted(session, CLEAN)
    assert_no_personal_data(session)


@pytest.mark.parametrize(
    "planted",
    [
        {"who": "Anna Miller"},
        {"who": {"mail": ["anna@example.org"]}},
        {"phone": "+15125550100"},
        {"Anna Miller": 1},
        {"note": "please ring twice"},
        {"town": {"deep": [{"deeper": "1 Main Street"}]}},
    ],
)
def test_personal_data_in_an_event_is_found_wherever_it_is(session: Session, planted: dict[str, Any]):
    noted(session, CLEAN | planted)
    with pytest.raises(AssertionError, match="event noted"):
        assert_no_personal_data(session)


def test_a_name_that_looks_like_a_code_is_found_by_being_somebodys(session: Session):
    noted(session, {"who": "trusted_annie"})
    assert_no_personal_data(session)
    session.connection().exec_driver_sql("UPDATE technicians SET name = 'Trusted_Annie' WHERE number = 'T-cy'")
    with pytest.raises(AssertionError, match="is somebody's"):
        assert_no_personal_data(session)


@pytest.mark.parametrize(
    ("outcome", "inputs", "words"),
    [
        ({"chosen": "Anna Miller"}, b"", "outcome of decision"),
        ({}, zlib.compress(b'TRDI {"who":"Anna Miller"}'), "inputs of decision"),
    ],
)
def test_personal_data_in_a_decision_is_found(session: Session, outcome: dict[str, Any], inputs: bytes, words: str):
    decision = session.get_one(DecisionRow, id_of("acme.decision"))
    columns = {column.name: getattr(decision, column.name) for column in DecisionRow.__table__.columns}
    session.add(DecisionRow(**{**columns, "id": id_of("planted"), "outcome": outcome, "inputs": inputs}))
    session.flush()
    with pytest.raises(AssertionError, match=words):
        assert_no_personal_data(session)
