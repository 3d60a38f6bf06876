"""Which one proof would have opened this job to a technician?"""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from matching.job import Job, Needs, Pay
from matching.openings import BUCKETS, bucket, opened_by
from matching.policy import Policy
from matching.technician import Technician

ACME, POOL = UUID(int=1), UUID(int=7)
#: Work ends at 23:30 of 1 June 2027 in Chicago, which is the next day in UTC.
LAST = date(2027, 6, 1).toordinal()
NEEDS = Needs(skills={"hvac": 3}, credentials=("check", "nda#abc"), market=True)
WHO = Technician(
    id=UUID(int=9),
    version=1,
    lat=30.0,
    lng=-103.0,
    time_zone="America/Chicago",
    skills={"hvac": 3},
    credentials={"nda#abc": LAST},
)


def job(needs: Needs = NEEDS) -> Job:
    return Job(
        id=UUID(int=2),
        job_id=UUID(int=3),
        client_id=ACME,
        role="technician",
        lat=30.1,
        lng=-103.0,
        time_zone="America/Chicago",
        start_at=datetime(2027, 6, 2, 2, 30, tzinfo=UTC),
        end_at=datetime(2027, 6, 2, 4, 30, tzinfo=UTC),
        duration_min=120,
        pay=Pay("fixed", Decimal(140), "USD"),
        needs=needs,
    )


def test_the_one_proof_that_is_missing_is_named_by_its_kind() -> None:
    assert opened_by(job(), WHO, Policy()) == "check"
    signed_away = replace(WHO, credentials={"check": LAST, "nda#abc": LAST - 1})
    assert opened_by(job(), signed_away, Policy()) == "nda"
    assert opened_by(job(), replace(WHO, credentials={"check": LAST, "nda#abc": LAST}), Policy()) is None
    with_slack = Policy(credential_slack_days=1)
    assert opened_by(job(), replace(WHO, credentials={"check": LAST + 1, "nda#abc": LAST}), with_slack) == "nda"
    export = job(replace(NEEDS, clearance=True))
    assert [opened_by(export, replace(WHO, cleared_until=LAST - num), Policy()) for num in (0, 1)] == ["check", None]
    assert opened_by(job(), replace(WHO, credentials={}), Policy()) is None, "one alone would not have opened it"


@pytest.mark.parametrize(
    ("change", "needs"),
    [
        ({"skills": {"hvac": 2}}, NEEDS),
        ({"skills": {}}, NEEDS),
        ({}, replace(NEEDS, clearance=True)),
        ({"blocks": frozenset({ACME})}, NEEDS),
        ({"suspended": frozenset({ACME}), "admitted": frozenset({ACME})}, NEEDS),
    ],
)
def test_work_that_something_else_keeps_from_them_counts_for_no_proof(change: dict[str, object], needs: Needs) -> None:
    assert opened_by(job(needs), replace(WHO, **change), Policy()) is None  # type: ignore[arg-type]
    assert opened_by(job(replace(needs, clearance=False)), WHO, Policy()) == "check"


def test_work_that_they_could_not_know_of_is_never_told() -> None:
    """A private pool's work counts for its members alone, a client's own work for whom it admitted."""
    private = job(replace(NEEDS, market=False, pools=frozenset({POOL})))
    outside = replace(WHO, in_market=False)
    for wanted, policy in ((private, Policy()), (job(), Policy(uses_market=False))):
        assert opened_by(wanted, WHO, policy) is None
    assert opened_by(job(), outside, Policy()) is None
    assert opened_by(private, replace(outside, pools=frozenset({POOL})), Policy()) == "check"
    admitted = replace(outside, admitted=frozenset({ACME}))
    assert opened_by(job(), admitted, Policy(uses_market=False)) == "check"
    assert opened_by(private, admitted, Policy()) is None


def test_a_count_is_told_by_its_span() -> None:
    spans = {0: 0, 1: 0, 4: 0, 5: 5, 9: 5, 10: 10, 24: 10, 25: 25, 99: 25, 100: 100, 5_000: 100}
    assert {num: bucket(num) for num in spans} == spans
    assert BUCKETS[0] == 5, "nothing below five is told to the number"
