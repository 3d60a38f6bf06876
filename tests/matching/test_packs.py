"""Packs: refused by name for what is wrong with them, timelines without overlap or gap, a client's choice."""

import re
from datetime import date
from typing import Any

import pytest

from dispatch.talent.packfiles import shipped_packs
from matching.errors import PackError, PolicyError
from matching.packs import LimitsPolicy, check_timelines, hard_rules, parse_pack
from matching.usage import ENGAGEMENTS, NO_LIMIT, HoursLimit, HoursRules, TenureLimit

QUESTION = {"code": "a", "group": "g", "words": "w", "employee": "no"}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "id": "hours",
        "version": 1,
        "title": "100 hours",
        "kind": "hours",
        "jurisdiction": "US",
        "valid_from": date(2026, 1, 1),
        "source": "a law",
        "guidance": "Look out.",
        "binding": "soft",
        "thresholds": {"hours": 100, "window_months": 12},
        "ways_on": ["rotate"],
    } | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"thresholds": {"hours": 100}}, "h.toml: threshold 'window_months' is missing"),
        (
            {"thresholds": {"hours": 100, "window_months": 12, "days": 1}},
            "threshold 'days' is not of this kind",
        ),
        ({"thresholds": {"hours": True, "window_months": 12}}, "hours True is outside 1 to 8784"),
        ({"thresholds": {"hours": float("nan"), "window_months": 12}}, "hours nan is outside"),
        ({"thresholds": {"hours": 100, "window_months": 1.5}}, "window_months 1.5 is a whole number"),
        ({"thresholds": {"hours": 100, "window_months": 12, "crossed": "near"}}, "crossed 'near' is none of"),
        ({"kind": "tenure", "thresholds": {"months": 12, "in_months": 12}}, "leaves no break after 12 months"),
        ({"kind": "mood"}, "kind 'mood' are no pack's"),
        ({"valid_to": date(2025, 1, 1)}, "valid_to 2025-01-01 is before valid_from 2026-01-01"),
        (
            {"kind": "income_share", "binding": "hard", "thresholds": {"share": 0.7, "window_months": 12}},
            "binding 'hard'",
        ),
        ({"engagements": ["friend"]}, "engagements ['friend'] are not some of contractor, w2, company"),
        ({"engagements": []}, "engagements [] are not some of"),
        ({"ways_on": ["pray"]}, "ways_on 'pray' is none of rotate, pause"),
        *[
            ({"kind": "checklist", "thresholds": {"questions": questions}}, words)
            for questions, words in (
                ([{"code": "a", "group": "g", "words": "w"}], "has not just code, group, words, employee"),
                ([{**QUESTION, "employee": "maybe"}], "question a: employee 'maybe' is yes or no"),
                ([{**QUESTION, "flag": {"code": "f"}}], "question a: flag {'code': 'f'} has not just code and words"),
                ([QUESTION, QUESTION], "question 'a' is there twice"),
            )
        ],
        ({"colour": "red"}, "unexpected keyword argument 'colour'"),
    ],
)
def test_what_is_wrong_with_a_pack_is_named(changes: dict[str, Any], words: str):
    with pytest.raises(PackError) as refused:
        parse_pack(document(**changes), "h.toml")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({}, {"valid_from": date(2027, 1, 1)}, "version 1 and version 2 overlap: the one holds without end"),
        (
            {"valid_to": date(2026, 12, 31)},
            {"valid_from": date(2026, 12, 31)},
            "overlap: the one holds through",
        ),
        ({"valid_to": date(2026, 12, 31)}, {"valid_from": date(2027, 1, 2)}, "gap: the one ends 2026-12-31"),
        (
            {"valid_to": date(2026, 12, 31), "version": 2},
            {"valid_from": date(2027, 1, 1)},
            "has a higher number",
        ),
    ],
)
def test_versions_that_overlap_or_leave_a_gap_are_refused_by_name(first: Any, second: Any, words: str):
    packs = [parse_pack(document(**{"version": 2, **second}), "b"), parse_pack(document(**first), "a")]
    with pytest.raises(PackError, match="pack hours") as refused:
        check_timelines(packs)
    assert words in str(refused.value)


def test_versions_that_follow_day_by_day_hold_one_at_a_time():
    first = parse_pack(document(valid_to=date(2026, 12, 31)), "a")
    second = parse_pack(document(version=2, valid_from=date(2027, 1, 1)), "b")
    packs = check_timelines([second, first])
    assert packs == (first, second)
    for day, holds in ((date(2026, 12, 31), [first]), (date(2027, 1, 1), [second]), (date(2025, 12, 31), [])):
        assert [pack for pack, _ in LimitsPolicy().in_force(packs, day)] == holds


def since(year: int) -> int:
    return date(year, 1, 1).toordinal()


def erisa() -> HoursLimit:
    return HoursLimit("us-erisa-1000-hours", 1000 * 3600, 12, engagements=("contractor",), valid_from=since(1976))


def test_the_shipped_packs_say_what_the_law_says_on_the_day():
    packs = shipped_packs()
    in_force = {day: dict(LimitsPolicy().in_force(packs, day)) for day in (date(2025, 12, 31), date(2026, 1, 1))}
    amounts = {
        day: next(pack.thresholds["amount"] for pack in held if pack.id == "us-1099-nec")
        for day, held in in_force.items()
    }
    assert amounts == {date(2025, 12, 31): 600, date(2026, 1, 1): 2000}
    limits = {pack.id: pack.limit for pack in in_force[date(2026, 1, 1)] if pack.limit}
    assert limits == {
        "tenure-12-in-18": TenureLimit("tenure-12-in-18", 12, 18, ("contractor", "w2"), since(2000)),
        "us-erisa-1000-hours": erisa(),
        "us-long-term-part-time": HoursLimit(
            "us-long-term-part-time", 500 * 3600, 12, 2, engagements=("contractor",), valid_from=since(2025)
        ),
    }
    ways = {way: [p.id for p, _ in LimitsPolicy().in_force(packs, date(2026, 1, 1), way)] for way in ENGAGEMENTS}
    assert ways["w2"] == ["tenure-12-in-18"], "who is employed by a payroll partner is no contractor"
    assert ways["company"] == ["us-irs-common-law"], "technical work through a third party: section 1706"
    assert len(ways["contractor"]) == len(in_force[date(2026, 1, 1)])
    assert {pack.binding for pack in packs} == {"soft"}, "nothing refuses work unless a client says so"
    assert all("not legal advice" in pack.guidance for pack in packs)
    assert all("no asesoramiento legal" in pack.guidance_es for pack in packs)
    figures = [
        [re.sub(r"(?<=\d)[.,](?=\d)", "", words) for words in (each.guidance, each.guidance_es)] for each in packs
    ]
    assert all(re.findall(r"\d+", one) == re.findall(r"\d+", other) for one, other in figures)


def test_guidance_in_another_language_is_text():
    assert parse_pack(document(guidance_es="Cuidado."), "hours.toml").guidance_es == "Cuidado."
    with pytest.raises(PackError, match=r"hours\.toml: guidance_es 3 is no text"):
        parse_pack(document(guidance_es=3), "hours.toml")


def test_a_client_says_what_is_hard_and_adds_limits_of_its_own():
    packs, day = shipped_packs(), date(2026, 3, 1)
    own = [{"id": "ours", "hours": 40, "window_months": 3, "binding": "hard"}]
    chosen = {"packs": {"us-erisa-1000-hours": "hard", "tenure-12-in-18": "off"}, "own": own}
    rules = hard_rules(chosen, "America/New_York", packs, day)
    everybody = HoursLimit("ours", 40 * 3600, 3, crossed="exceeded")
    contractors = erisa()
    assert rules == HoursRules("America/New_York", (everybody, contractors))
    assert [rules.limits_of(way) for way in ENGAGEMENTS] == [(everybody, contractors), (everybody,), (everybody,)]
    only = hard_rules({"own": [{**own[0], "engagements": ["w2"]}]}, "UTC", packs, day)
    assert (only.limits_of("contractor"), only.fresh_on(day.toordinal(), "contractor")) == ((), NO_LIMIT), (
        "a newcomer is a contractor"
    )
    held = {pack.id: binding for pack, binding in LimitsPolicy.from_document(chosen, packs).in_force(packs, day)}
    assert (held["ours"], held["us-long-term-part-time"], held.get("tenure-12-in-18")) == ("hard", "soft", None)
    assert hard_rules({}, "UTC", packs, day) == HoursRules()


def test_what_a_client_chose_of_a_pack_that_is_gone_has_no_say_and_stops_nothing():
    stored = {"packs": {"gone": "hard", "us-erisa-1000-hours": "hard"}}
    rules = hard_rules(stored, "UTC", shipped_packs(), date(2026, 3, 1))
    assert [limit.code for limit in rules.limits] == ["us-erisa-1000-hours"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"pack": {}}, "'pack' is not a setting"),
        ({"packs": []}, "packs is an object"),
        ({"papers": {"friend": []}}, "contractor, w2, company at most"),
        ({"papers": {"w2": "insurance"}}, "a list of at most 10 kinds"),
        ({"papers": {"w2": ["w4", 3]}}, "limits.papers.w2[1]: 3 is neither a kind of credential nor a list"),
        ({"papers": {"w2": [["w4", {}]]}}, "limits.papers.w2[0]: ['w4', {}] is neither a kind"),
        ({"papers": {"w2": [["w4"]]}}, "one of several means 2 to 10 kinds of credential, each once"),
        ({"papers": {"w2": [["w4", "w4"]]}}, "one of several means 2 to 10"),
        ({"papers": {"w2": [[f"k{n}" for n in range(11)]]}}, "one of several means 2 to 10"),
        ({"packs": {"nowhere": "hard"}}, "'nowhere' is not a pack"),
        ({"packs": {"income-share": "hard"}}, "cannot refuse work"),
        ({"packs": {"us-erisa-1000-hours": "firm"}}, "'firm' is none of hard, soft, off"),
        ({"own": [3]}, "3 is no object"),
        ({"own": [{"id": "us-erisa-1000-hours", "hours": 4, "window_months": 1}]}, "cannot be its id"),
        ({"own": [{"id": "A b", "hours": 4, "window_months": 1}]}, "cannot be its id"),
        ({"own": [{"id": "x", "hours": 0, "window_months": 1}]}, "hours 0 is outside"),
        ({"own": [{"id": "x", "hours": 4}]}, "'window_months' is missing"),
        ({"own": [{"id": "x", "hours": 4, "window_months": 1}] * 2}, "an id of its own"),
        ({"own": [{"id": f"x{n}", "hours": 4, "window_months": 1} for n in range(11)]}, "at most 10"),
    ],
)
def test_what_is_wrong_with_a_clients_limits_is_named(limits: Any, words: str):
    with pytest.raises(PolicyError) as refused:
        LimitsPolicy.from_document(limits, shipped_packs())
    assert words in str(refused.value)
