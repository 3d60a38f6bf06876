"""How many are asked now, whom, and until when?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from matching.candidates import Candidates, Floats, Ints
from matching.job import Job
from matching.policy import Policy, WavePolicy
from matching.ranking import Ranking
from matching.seeds import draw

#: Whoever was asked less often than this is a newcomer.
NEWCOMER_ASKS = 5


@dataclass(frozen=True, slots=True)
class Wave:
    """The technicians asked together, in the order of their rank.

    `rows` are their rows, `until` is the end of their time to answer; `reached` is the chance of enough yeses among
    them, `target` the wanted one. `is_backup`: only the backups of an assignment that fell through. `is_last`: no
    further wave can come. `why_empty` says why nobody is asked, empty where somebody is.
    """

    num: int
    rows: tuple[int, ...]
    technicians: tuple[UUID, ...]
    until: datetime
    target: float
    reached: float
    num_newcomers: int
    is_backup: bool
    is_last: bool
    why_empty: str


def plan_wave(
    job: Job,
    candidates: Candidates,
    ranking: Ranking,
    chances: Floats,
    policy: Policy,
    *,
    now: datetime,
    seed: int,
    wave_num: int,
    first_ask: Sequence[UUID] = (),
) -> Wave:
    """The smallest prefix of the ranking whose chance of `job.num_open` yeses reaches the target, and newcomers.

    Nobody is asked in their quiet hours or above the daily number of asks: they stay for a later wave. Those of
    `first_ask` (the backups, after a back-out) who may and can be asked are asked alone. `wave_num` counts from 1
    in the round (0 for the backups, so that they use up none); past the policy's last wave nobody is asked.
    """
    wave = policy.wave
    askable = _askable(candidates, ranking, wave)
    backups = [row for row in askable.tolist() if candidates.id_at(row) in set(first_ask)] if first_ask else []
    rows, num_newcomers, why_empty = backups, 0, ""
    if not backups:
        why_empty = _why_nobody(job, ranking, askable, wave, wave_num)
        rows, num_newcomers = ([], 0) if why_empty else _choose(job, candidates, askable, chances, wave, seed, wave_num)
    return Wave(
        num=wave_num,
        rows=tuple(rows),
        technicians=tuple(candidates.id_at(row) for row in rows),
        until=now + timedelta(seconds=wave.urgent_answer_s if job.asked_time == "asap" else wave.answer_s),
        target=wave.target,
        reached=chance_of_yeses(chances[rows].tolist(), job.num_open),
        num_newcomers=num_newcomers,
        is_backup=bool(backups),
        is_last=wave_num >= wave.max_waves or len(rows) == len(ranking) or job.num_open < 1,
        why_empty=why_empty,
    )


def smallest_prefix(chances: Sequence[float], num_yes: int, target: float) -> int:
    """How many of the first must be asked for `num_yes` independent yeses with chance `target`; all if none reach."""
    fewer = _none_yet(num_yes)
    for size, chance in enumerate(chances, start=1):
        _add(fewer, chance)
        if 1.0 - math.fsum(fewer) >= target:
            return size
    return len(chances)


def chance_of_yeses(chances: Sequence[float], num_yes: int) -> float:
    """The chance of at least `num_yes` independent yeses (Poisson binomial).

    Source: the recurrence of the Poisson binomial's mass function, P_n(k) = P_n-1(k)(1 - p) + P_n-1(k - 1)p.
    """
    fewer = _none_yet(num_yes)
    for chance in chances:
        _add(fewer, chance)
    return max(0.0, 1.0 - math.fsum(fewer))


def _none_yet(num_yes: int) -> list[float]:
    """The chances of 0, 1, ... `num_yes` - 1 yeses before anybody is asked."""
    return [1.0] + [0.0] * (num_yes - 1) if num_yes > 0 else []


def _add(fewer: list[float], chance: float) -> None:
    for count in range(len(fewer) - 1, 0, -1):
        fewer[count] = fewer[count] * (1.0 - chance) + fewer[count - 1] * chance
    if fewer:
        fewer[0] *= 1.0 - chance


def _askable(candidates: Candidates, ranking: Ranking, wave: WavePolicy) -> Ints:
    rows = ranking.rows
    return rows[~candidates.in_quiet_hours_now[rows] & (candidates.asks_today[rows] < wave.max_asks_a_day)]


def _why_nobody(job: Job, ranking: Ranking, askable: Ints, wave: WavePolicy, wave_num: int) -> str:
    if job.num_open < 1:
        return "no slot is open"
    if wave_num > wave.max_waves:
        return f"all {wave.max_waves} waves of this round were sent"
    if not len(ranking):
        return "nobody who may do it is left to ask"
    if not len(askable):
        return f"all {len(ranking)} who may are in their quiet hours or were asked often enough today"
    return ""


def _choose(
    job: Job, candidates: Candidates, askable: Ints, chances: Floats, wave: WavePolicy, seed: int, wave_num: int
) -> tuple[list[int], int]:
    """The rows to ask, in the order of their rank, and how many of them are newcomers."""
    size = smallest_prefix(chances[askable[: wave.max_size]].tolist(), job.num_open, wave.target)
    size = min(max(size, wave.min_size), len(askable))
    is_new = candidates.num_asked[askable] < NEWCOMER_ASKS
    purpose = job.id.bytes + wave_num.to_bytes(4, "big")
    chance = draw(seed, b"explore", purpose) / 2**64
    wanted = int(size * wave.explore_share / (1.0 - wave.explore_share) + chance) - int(is_new[:size].sum())
    beyond = (size + np.flatnonzero(is_new[size:])).tolist()
    extra = _pick(beyond, candidates.reputation_high[askable], min(wanted, wave.max_size - size), seed, purpose)
    places = [*range(size), *sorted(extra)]
    return askable[places].tolist(), int(is_new[places].sum())


def _pick(places: list[int], high: Floats, num: int, seed: int, purpose: bytes) -> list[int]:
    """`num` of the places without replacement, each in proportion to how good they may be: `high`, by place.

    Whoever had one bad day early may still be good, and gets a turn; who most likely is not, gets fewer.
    """
    left, picked = list(places), []
    for turn in range(min(num, len(places))):
        # Whole thousandths, so that every machine picks alike; nobody's chance is nothing.
        ends = np.cumsum(1 + np.rint(1000 * high[left]).astype(np.int64))
        drawn = draw(seed, b"newcomer", purpose, turn.to_bytes(4, "big")) % int(ends[-1])
        picked.append(left.pop(int(np.searchsorted(ends, drawn, side="right"))))
    return picked
