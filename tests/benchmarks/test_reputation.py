"""Does the benchmark measure what it says, the same each time?"""

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.reputation import measure, spearman
from benchmarks.reputation_page import BEGIN, END, write_page
from benchmarks.reputation_worlds import WORLDS, live


def test_ranks_that_agree_correlate_fully_and_ties_share_theirs():
    rising = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(rising, rising**3) == pytest.approx(1.0)
    assert spearman(rising, -rising) == pytest.approx(-1.0)
    assert spearman(np.array([1.0, 1.0, 2.0, 2.0]), rising) == pytest.approx(0.8944, abs=1e-4)
    assert spearman(np.ones(4), rising) == 0.0, "a measure that says the same of everyone says nothing"


def test_four_in_five_stars_are_five_in_the_world_of_the_claim():
    lives = live(WORLDS[0], 400, 50, np.random.default_rng(3))
    given = lives.stars[lives.stars > 0]
    assert 0.78 < (given == 5).mean() < 0.85
    assert 0.4 < (lives.stars > 0).mean() < 0.6, "about half of the jobs are rated"


def test_outcomes_beat_stars_at_ten_jobs_and_the_seed_decides_every_figure():
    [row] = measure(WORLDS[0], 4, 150, sizes=(10,))
    assert row["difference"] >= 0.15
    assert row["low"] > 0
    assert row["interval_holds"] >= 0.9
    assert measure(WORLDS[0], 4, 150, sizes=(10,)) == [row]


def test_candid_clients_beat_the_record_of_a_single_job():
    candid = next(world for world in WORLDS if world.name == "candid")
    [row] = measure(candid, 4, 150, sizes=(1,))
    assert row["difference"] < 0, "a measure that wins in every world was given its answers"


def test_the_page_holds_the_figures_and_keeps_what_was_written_by_hand(tmp_path):
    report = {
        "seed": 1,
        "populations": 2,
        "technicians": 60,
        "worlds": {
            world.name: {"what": world.what, "sizes": measure(world, 2, 60, sizes=(1, 10, 100))} for world in WORLDS[:2]
        },
    }
    page = tmp_path / "reputation.md"
    page.write_text(f"# By hand\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(report, tmp_path)
    text = page.read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert f"| 10 | {report['worlds'][WORLDS[0].name]['sizes'][1]['reputation']:.2f} |" in text
    assert ElementTree.fromstring((tmp_path / "reputation.svg").read_text()).tag.endswith("svg")
