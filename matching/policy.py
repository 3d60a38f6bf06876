"""What does a client want of the engine: how far, by which weights, in which waves?"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from matching.errors import PolicyError

#: How a slot is given away: at once to someone with standing consent; to the first yes; by the dispatcher's hand.
AssignMode = Literal["auto", "first", "manual"]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term of the score counts; any scale, at least one above zero."""

    travel: float = 4.0
    skill: float = 1.0
    reputation: float = 3.0
    price: float = 0.0
    preference: float = 2.0
    fairness: float = 1.0
    load: float = 0.5

    def __post_init__(self) -> None:
        values = asdict(self)
        if any(not 0 <= value < float("inf") for value in values.values()) or not any(values.values()):
            raise PolicyError(f"weights {values}: each at least 0 and finite, one of them above 0")


@dataclass(frozen=True, slots=True)
class WavePolicy:
    """How many are asked at once, and for how long.

    A wave is the smallest set whose chance of `num_open` yeses within the wait reaches `target`, at least `min_size`
    and at most `max_size` technicians; after `max_waves` the job goes to the dispatcher's queue. `answer_s` is the
    time to answer, `urgent_answer_s` that of an urgent job (`asap`); `explore_share` of a wave are newcomers;
    nobody gets more than `max_asks_a_day`.
    """

    target: float = 0.95
    min_size: int = 3
    max_size: int = 300
    max_waves: int = 3
    answer_s: float = 900.0
    urgent_answer_s: float = 180.0
    explore_share: float = 0.1
    max_asks_a_day: int = 40

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            raise PolicyError(f"wave.target {self.target}: a chance between 0 and 1, both excluded")
        if not 1 <= self.min_size <= self.max_size <= 2000:
            raise PolicyError(f"wave.min_size {self.min_size}, wave.max_size {self.max_size}: 1 <= min <= max <= 2000")
        if not 1 <= self.max_waves <= 100:
            raise PolicyError(f"wave.max_waves {self.max_waves}: from 1 to 100")
        if not (0.1 <= self.answer_s <= 7 * 86400 and 0.1 <= self.urgent_answer_s <= 7 * 86400):
            raise PolicyError(f"wave.answer_s {self.answer_s} / {self.urgent_answer_s}: from 0.1 s to seven days")
        if not 0 <= self.explore_share <= 0.5:
            raise PolicyError(f"wave.explore_share {self.explore_share}: from 0 to 0.5")
        if self.max_asks_a_day < 1:
            raise PolicyError(f"wave.max_asks_a_day {self.max_asks_a_day}: at least 1")


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a client can set about a decision; `version` names the content.

    `reach_km` is great-circle, from where the technician starts; `credential_slack_days` is added to the visit's
    last day; `travel_scale_s` and `fair_offers` are the half-way points of the travel and fairness terms;
    `confirm_before_min` is how long before the start a visit must be confirmed; `hand_back_min` is how long a
    technician assigned by standing consent may hand the job back free. `uses_market` false: a job that is open beyond
    its pools is open to those whom the client admitted itself, not to the network's market.
    """

    mode: AssignMode = "first"
    reach_km: float = 160.0
    weights: Weights = field(default_factory=Weights)
    wave: WavePolicy = field(default_factory=WavePolicy)
    credential_slack_days: int = 0
    travel_scale_s: float = 3600.0
    fair_offers: float = 10.0
    confirm_before_min: int = 120
    hand_back_min: int = 15
    uses_market: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.uses_market, bool):
            raise PolicyError(f"uses_market {self.uses_market!r}: true or false")
        if self.mode not in ("auto", "first", "manual"):
            raise PolicyError(f"mode {self.mode!r}: one of auto, first, manual")
        if not 1 <= self.reach_km <= 20038:
            raise PolicyError(f"reach_km {self.reach_km}: from 1 to 20038, half way round the Earth")
        if not 0 <= self.credential_slack_days <= 365:
            raise PolicyError(f"credential_slack_days {self.credential_slack_days}: from 0 to 365")
        if not (0 < self.travel_scale_s <= 86400 and 0 < self.fair_offers <= 10000):
            raise PolicyError(f"travel_scale_s {self.travel_scale_s}, fair_offers {self.fair_offers}: above 0")
        if not (0 <= self.confirm_before_min <= 43200 and 0 <= self.hand_back_min <= 1440):
            raise PolicyError(
                f"confirm_before_min {self.confirm_before_min}, hand_back_min {self.hand_back_min}: not below 0, "
                "at most 30 days and one day"
            )

    @property
    def version(self) -> str:
        """Sixteen hex digits that change whenever any setting does."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_document(self) -> dict[str, object]:
        """The settings as plain JSON values; `from_document` reads them back."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, object]) -> "Policy":
        """The policy of a stored document; settings it does not name keep their defaults.

        Raises
        ------
        PolicyError
            When a setting is unknown or outside its limits.
        """
        values = dict(document)
        try:
            weights = Weights(**values.pop("weights", {}))  # type: ignore[arg-type]
            wave = WavePolicy(**values.pop("wave", {}))  # type: ignore[arg-type]
            return cls(weights=weights, wave=wave, **values)  # type: ignore[arg-type]
        except TypeError as error:
            raise PolicyError(f"policy: {error}") from error
