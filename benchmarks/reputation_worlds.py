"""What are technicians, clients and their stars like? Made-up worlds with a known truth, and what each assumes.

A technician has a quality z, and for each of four habits (keeping work, coming in time, finishing, working cleanly) a
chance of their own: logistic in z and in something of its own, so that the habits go together only in part (`link`).
The truth is the chance that a job they take on goes well in all four. Nobody sees it: each job is drawn.

Stars are given by clients with a taste of their own, for what happened on the job and for how good the work was beyond
that, which the record never sees (`eye`); they are generous (`five_share`: what share are five stars), noisy, and not
always given, more seldom when something went wrong. The record is imperfect, too: some check-ins are noted wrongly
(`misread_share`), some failures are laid to the client's door though they were not theirs (`excused_share`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
HABITS = ("kept", "on_time", "completed", "passed")
#: What an average technician does, and how far technicians differ, in the logarithm of the odds.
_MIDDLE = {"kept": 2.9, "on_time": 1.8, "completed": 2.9, "passed": 2.4}
_SPREAD = 1.0


@dataclass(frozen=True, slots=True)
class World:
    """One set of assumptions. `eye` is how much of a client's content is the technician's quality beyond the record."""

    name: str
    what: str
    five_share: float = 0.81
    rated_share: float = 0.55
    rated_share_unhappy: float = 0.45
    eye: float = 0.5
    taste: float = 0.7
    noise: float = 1.0
    link: float = 0.7
    misread_share: float = 0.03
    excused_share: float = 0.2
    truth_is_z: bool = False


#: The first is the one of the claim; the others say how far it carries.
WORLDS = (
    World("as_it_is", "four in five stars are five, about half of the jobs are rated, clients see part of the quality"),
    World("less_inflated", "as it is, but only two in five stars are five", five_share=0.4),
    World(
        "candid",
        "every job is rated, one in five stars is five, clients differ little and see the quality well",
        five_share=0.2,
        rated_share=1.0,
        rated_share_unhappy=1.0,
        eye=1.0,
        taste=0.3,
        noise=0.5,
    ),
    World(
        "poor_record",
        "one check-in in six is noted wrongly, half of what was not finished is laid to the client",
        misread_share=0.17,
        excused_share=0.5,
    ),
    World("loose_habits", "who comes in time need not work cleanly: the habits hardly go together", link=0.3),
    World(
        "hidden_quality",
        "what is true is the quality behind everything, which clients see and the record sees only through habits",
        eye=1.0,
        truth_is_z=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Lives:
    """N technicians' J jobs. `parts`, `truth`, `rated`: (N,) what is true; all else: (N, J) what happened.

    `backed_out_h` is hours before the start (0: not), `arrived_min` minutes after it, `stars` 0 where none were given.
    """

    truth: Floats
    parts: dict[str, Floats]
    rated: Floats
    is_no_show: Truths
    backed_out_h: Floats
    arrived_min: Floats
    is_complete: Truths
    is_excused: Truths
    is_passed: Truths
    stars: npt.NDArray[np.int64]


def live(world: World, num: int, num_jobs: int, random: np.random.Generator) -> Lives:
    """Draw a population and its jobs."""
    z = random.normal(size=num)
    own = {habit: world.link * z + (1 - world.link**2) ** 0.5 * random.normal(size=num) for habit in HABITS}
    chance = {habit: _logistic(_MIDDLE[habit] + _SPREAD * own[habit]) for habit in HABITS}
    went = {habit: random.random((num, num_jobs)) < chance[habit][:, None] for habit in HABITS}
    is_no_show = ~went["kept"] & (random.random((num, num_jobs)) < 0.2)
    backed_out_h = np.where(~went["kept"] & ~is_no_show, random.exponential(30.0, (num, num_jobs)) + 0.01, 0.0)
    in_time = random.uniform(-30, 15, (num, num_jobs))
    late = 15.5 + random.exponential(30.0, (num, num_jobs))
    is_misread = random.random((num, num_jobs)) < world.misread_share
    arrived_min = np.where(went["on_time"] ^ is_misread, in_time, late)
    is_excused = ~went["completed"] & (random.random((num, num_jobs)) < world.excused_share)
    stars, rated = _rate(world, z, went, is_no_show, random)
    truth = z if world.truth_is_z else np.prod([chance[habit] for habit in HABITS], axis=0)
    return Lives(
        truth,
        chance,
        rated,
        is_no_show,
        backed_out_h,
        arrived_min,
        went["completed"],
        is_excused,
        went["passed"],
        stars,
    )


def _rate(
    world: World, z: Floats, went: dict[str, Truths], is_no_show: Truths, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Stars of each job, and the value that each technician's stars would come to with endless jobs."""
    shape = went["kept"].shape
    # Not to come is the worst; to come late, to leave it unfinished and to leave it badly done annoy by half and whole.
    annoyance = 0.7 * ~went["on_time"] + 1.0 * ~went["completed"] + 1.0 * ~went["passed"]
    annoyance = np.where(went["kept"], annoyance, 2.0)
    content = world.eye * z[:, None] - annoyance
    content += world.taste * random.normal(size=shape) + world.noise * random.normal(size=shape)
    # Where a job was given back in time somebody else did it, and nobody is asked for stars.
    may_rate = went["kept"] | is_no_show
    bars = np.quantile(content[may_rate], _bars(world.five_share))
    stars = 1 + (content[..., None] >= bars).sum(axis=-1)
    share = np.where(annoyance > 0, world.rated_share_unhappy, world.rated_share)
    is_given = may_rate & (random.random(shape) < share)
    given = np.where(is_given, stars, 0)
    num_given = np.maximum(is_given.sum(axis=1), 1)
    rated = (given.sum(axis=1) / num_given - 1) / 4
    return given, np.clip(rated, 0.0, 1.0)


def _bars(five_share: float) -> list[float]:
    """Below which share of all content lie 1, 2, 3, 4 stars: of what is not five, half are four, a quarter three."""
    rest = 1 - five_share
    return [rest / 8, rest / 4, rest / 2, rest]


def _logistic(value: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-value)), dtype=np.float64)
