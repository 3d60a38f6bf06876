"""What does a client want of the day itself: deadlines, charges, service levels, escalation?

Beside `matching.policy`, which says whom to ask and how. A job keeps the day policy that it was posted under, so what
a technician agreed to holds. Each section is a small class; its defaults are ours, its limits are checked.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from matching.errors import PolicyError

#: What happens to a request from the site that nobody answers in time.
IF_UNANSWERED = ("stop_paid_to_cap",)


@dataclass(frozen=True, slots=True)
class Day:
    """Before and on the day. Minutes, unless the name says otherwise.

    A visit is reminded of `remind_before_min` before it must be confirmed; nobody there `late_after_min` after the
    agreed start raises an alarm; a part that is not there raises one `part_check_before_h` hours before the start.
    """

    remind_before_min: int = 60
    late_after_min: int = 15
    part_check_before_h: int = 24

    def __post_init__(self) -> None:
        within("day.remind_before_min", self.remind_before_min, 0, 43_200)
        within("day.late_after_min", self.late_after_min, 1, 1_440)
        within("day.part_check_before_h", self.part_check_before_h, 0, 720)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests from the site: minutes in which they must be answered, and what holds when nobody does."""

    answer_min: int = 15
    if_unanswered: str = "stop_paid_to_cap"

    def __post_init__(self) -> None:
        within("requests.answer_min", self.answer_min, 1, 1_440)
        if self.if_unanswered not in IF_UNANSWERED:
            raise PolicyError(f"requests.if_unanswered {self.if_unanswered!r}: one of {', '.join(IF_UNANSWERED)}")


@dataclass(frozen=True, slots=True)
class Proposals:
    """Changes after assignment: minutes in which the other side must answer."""

    answer_min: int = 240

    def __post_init__(self) -> None:
        within("proposals.answer_min", self.answer_min, 1, 43_200)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What a late cancellation costs the client."""


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """By when somebody must respond, and by when the work must be done."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who hears of an alarm that nobody has taken on, and when."""


@dataclass(frozen=True, slots=True)
class DayPolicy:
    """All sections together."""

    day: Day = field(default_factory=Day)
    requests: Requests = field(default_factory=Requests)
    proposals: Proposals = field(default_factory=Proposals)
    cancellation: Cancellation = field(default_factory=Cancellation)
    sla: ServiceLevels = field(default_factory=ServiceLevels)
    escalation: Escalation = field(default_factory=Escalation)

    def to_document(self) -> dict[str, Any]:
        """The settings as plain JSON values; `from_document` reads them back."""
        return asdict(self)

    @classmethod
    def from_document(cls, *documents: Mapping[str, Any]) -> "DayPolicy":
        """The day policy of stored documents, a later one's settings before an earlier one's; else the defaults.

        Raises
        ------
        PolicyError
            When a section or setting is unknown or outside its limits.
        """
        sections = {each.name: each.default_factory for each in fields(cls)}
        values: dict[str, dict[str, Any]] = {name: {} for name in sections}
        for document in documents:
            for name, settings in document.items():
                if name not in sections or not isinstance(settings, Mapping):
                    raise PolicyError(f"day_policy.{name}: give settings of {', '.join(sections)}")
                values[name] |= settings
        try:
            return cls(**{name: make(**values[name]) for name, make in sections.items()})  # type: ignore[operator]
        except TypeError as error:
            raise PolicyError(f"day_policy: {error}") from error


def within(name: str, value: object, low: int, high: int) -> None:
    """Check a whole number.

    Raises
    ------
    PolicyError
        When it is none, or outside its limits.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PolicyError(f"{name} {value!r}: a whole number from {low} to {high}")
