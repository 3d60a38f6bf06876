"""Does a proof satisfy what a client asks of its kind, and through which day?"""

from datetime import date
from uuid import UUID

import pytest

from matching.errors import PolicyError
from matching.proof import (
    NEVER,
    Proof,
    held_until,
    kind_of,
    last_day,
    last_days,
    needed_keys,
    read_requirements,
    run_end,
)

ACME, BURG = UUID(int=1), UUID(int=2)
END = date(2027, 6, 30).toordinal()


def proof(kind: str = "check", client: UUID | None = None, until: int = END, **facts: object) -> Proof:
    return Proof(kind, until, facts, client)


def day_for(settings: dict[str, object], given: Proof, region: str = "", client: UUID = ACME) -> int:
    return last_day(given, read_requirements({given.kind: settings}, client)[given.kind], region)


@pytest.mark.parametrize(
    ("settings", "facts", "day"),
    [
        ({}, {}, END),
        ({"max_age_days": 10}, {"issued_on": "2027-01-01"}, date(2027, 1, 11).toordinal()),
        ({"max_age_days": 3650}, {"issued_on": "2027-01-01"}, END),
        ({"max_age_days": 10}, {}, NEVER),
        ({"scope": ["a", "b"]}, {"scope": ["b", "c", "a"]}, END),
        ({"scope": ["a", "b"]}, {"scope": ["a"]}, NEVER),
        ({"scope": ["a"]}, {}, NEVER),
        ({"slack_days": 30}, {}, END - 30),
        ({"per_occurrence": "1000000"}, {"per_occurrence": "1000000", "currency": "USD"}, END),
        ({"per_occurrence": "1000000"}, {"per_occurrence": "999999.99", "currency": "USD"}, NEVER),
        ({"per_occurrence": "1000000"}, {"per_occurrence": "2000000", "currency": "CAD"}, NEVER),
        ({"aggregate": "2000000"}, {"per_occurrence": "9000000", "currency": "USD"}, NEVER),
    ],
)
def test_whatever_is_asked_becomes_a_last_day(settings: dict[str, object], facts: dict[str, object], day: int) -> None:
    assert day_for(settings, proof(**facts)) == day


@pytest.mark.parametrize(
    ("spans", "day"),
    [
        ([(NEVER, 10), (11, 20)], 20),
        ([(NEVER, 10), (5, 20), (21, 30)], 30),
        ([(NEVER, 10), (12, 20)], 10),
        ([(11, 20), (NEVER, 10), (32, 50), (21, 30)], 30),
        ([(NEVER, 30), (11, 20)], 30),
        ([(11, 20)], NEVER),
        ([], NEVER),
    ],
)
def test_proofs_that_follow_each_other_count_through_the_last_day_without_a_gap(
    spans: list[tuple[int, int]], day: int
) -> None:
    assert run_end(spans) == day
    shifted = [Proof("check", END + last, {}, None, END + first if first else NEVER) for first, last in spans]
    assert last_days(shifted, []).get("check", NEVER) == (END + day if day else NEVER)


def test_a_renewal_counts_only_where_it_too_is_what_is_asked() -> None:
    """The insurance is renewed for less; the slack is asked after the renewal's end and not between the two."""
    sums = {"aggregate": "2", "currency": "USD"}
    asked = read_requirements({"cover": {"per_occurrence": "100", "slack_days": 30}}, ACME)
    key = asked["cover"].key()
    now = Proof("cover", END, {**sums, "per_occurrence": "100"})
    for insured, day in (("100", END + 365 - 30), ("99", END - 30)):
        renewal = Proof("cover", END + 365, {**sums, "per_occurrence": insured}, None, END + 1)
        assert last_days([now, renewal], asked.values()) == {"cover": END + 365, key: day}


def test_a_licence_counts_in_its_own_states() -> None:
    given = proof("licence", states=["NM", "TX"])
    asked = read_requirements({"licence": {"by_state": True}}, ACME)
    days = last_days([given], asked.values())
    assert days[needed_keys(["licence"], asked, "TX")[0]] == END
    assert needed_keys(["licence"], asked, "AZ")[0] not in days


def test_a_proof_for_one_client_counts_for_no_other_and_not_for_everybody() -> None:
    own = proof(client=ACME)
    assert day_for({"own": True}, own) == END
    assert day_for({"own": True}, own, client=BURG) == NEVER
    assert day_for({"own": True}, proof()) == NEVER
    assert day_for({}, own) == NEVER
    assert last_days([own], []) == {}


@pytest.mark.parametrize(
    ("versions", "signed", "day"),
    [
        ([[1, None]], 1, END),
        ([[1, None], [2, None]], 1, END),
        ([[1, None], [2, END - 5]], 1, END - 6),
        ([[1, None], [2, END - 5]], 2, END),
        ([[1, None], [2, END - 5], [3, END - 9]], 1, END - 10),
        ([[1, None]], 7, NEVER),
    ],
)
def test_an_older_version_counts_to_the_day_before_a_newer_one_must_be_signed(
    versions: list[list[int]], signed: int, day: int
) -> None:
    assert day_for({"versions": versions}, proof("nda", ACME, version=signed)) == day


def test_the_best_of_several_proofs_counts() -> None:
    asked = read_requirements({"check": {"scope": ["a"]}}, ACME)
    many = [proof(scope=["a"], until=END - 9), proof(scope=["b"]), proof(scope=["a"], until=END - 3)]
    days = last_days(many, asked.values())
    assert days == {"check": END, asked["check"].key(): END - 3}


def test_clients_who_ask_the_same_share_a_key_and_people_read_the_kind() -> None:
    same = [read_requirements({"check": {"max_age_days": 9}}, client)["check"].key() for client in (ACME, BURG)]
    own = [read_requirements({"check": {"own": True}}, client)["check"].key() for client in (ACME, BURG)]
    assert same[0] == same[1]
    assert own[0] != own[1]
    assert {kind_of(key) for key in (*same, *own, "check")} == {"check"}
    asked = read_requirements({"check": {"max_age_days": 9}}, ACME)
    keyed = needed_keys(["check", "other"], asked, "TX")
    assert needed_keys(keyed, asked, "TX") == keyed, "keys may be made of keys"


@pytest.mark.parametrize(
    "settings",
    [
        {"magic": 1},
        {"scope": "a"},
        {"scope": [1]},
        {"max_age_days": 0},
        {"max_age_days": True},
        {"max_age_days": 4000},
        {"slack_days": -1},
        {"by_state": 1},
        {"own": "yes"},
        {"per_occurrence": 1000000},
        {"per_occurrence": "NaN"},
        {"aggregate": "-1"},
        {"aggregate": "1e99"},
        {"currency": "dollars"},
        [],
    ],
)
def test_what_nobody_can_ask_is_refused_by_name(settings: object) -> None:
    with pytest.raises(PolicyError, match=r"proof_policy\.check"):
        read_requirements({"check": settings}, ACME)  # type: ignore[dict-item]


def test_what_somebody_holds_of_a_kind_is_what_is_asked_of_it_and_no_other() -> None:
    """A signature with another client, or a version that ended, is none; a licence of any state is one."""
    asked = read_requirements({"nda": {"own": True}, "electrical": {"by_state": True}}, ACME)
    proofs = [
        proof("nda", ACME), proof("nda", BURG, END + 9), proof("check", None, END - 3),
        proof("electrical", states=["TX"], until=END - 5), proof("electrical", states=["NM"], until=END - 4),
    ]  # fmt: skip
    days = last_days(proofs, asked.values())
    assert held_until(days, "nda", asked["nda"]) == END
    assert held_until(days, "nda", read_requirements({"nda": {"own": True}}, UUID(int=3))["nda"]) == NEVER
    assert held_until(days, "electrical", asked["electrical"]) == END - 4
    assert held_until({}, "electrical", asked["electrical"]) == NEVER
    assert (held_until(days, "check", None), held_until(days, "nda", None)) == (END - 3, NEVER)
