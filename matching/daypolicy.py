"""What does a client want of the day itself: deadlines, charges, service levels, escalation?

Beside `matching.policy`, which says whom to ask and how. A job keeps the day policy that it was posted under, so what
a technician agreed to holds. Each section is a small class; its defaults are ours, its limits are checked.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, TypeVar

from matching.cancellation import CancellationRules
from matching.errors import PolicyError
from matching.rates import Rates

#: Priorities as documents name them; 1 is the most urgent.
PRIORITIES = ("1", "2", "3", "4", "5")
#: Which minutes count towards a promise: those in which the site is open, or all.
COUNTED = ("open_hours", "around_the_clock")
#: By what a person can be told of an alarm.
CHANNELS = ("mail", "sms", "push")
#: How fast alarms of each priority climb: the ladder's times are multiplied by this.
PACE = {"1": 0.5, "2": 0.75, "3": 1.0, "4": 2.0, "5": 3.0}

_WHOM = re.compile(
    r"duty(:[1-9])?|role:(dispatcher|client_admin|requester)"
    r"|staff:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.ASCII,
)
_T = TypeVar("_T")

#: What happens to a request from the site that nobody answers in time.
IF_UNANSWERED = ("stop_paid_to_cap",)
#: What becomes of work whose technician can no longer prove what it needs.
ON_LAPSE = ("flag", "withdraw", "keep")
#: What follows a visit that could not start.
AFTER_COULD_NOT_START = ("decide", "next_visit")


@dataclass(frozen=True, slots=True)
class Day:
    """Before and on the day. Minutes, unless the name says otherwise.

    A visit is reminded of `remind_before_min` before it must be confirmed; nobody there `late_after_min` after the
    agreed start raises an alarm; a span of time over `max_entry_h` needs both sides' word; a return trip that names no
    time comes `return_after_days` later; after a visit that could not start, the next one is made at once or a person
    decides; a part that is not there raises one `part_check_before_h` hours before the start.
    """

    remind_before_min: int = 60
    late_after_min: int = 15
    part_check_before_h: int = 24
    max_entry_h: int = 16
    return_after_days: int = 1
    after_could_not_start: str = "decide"

    def __post_init__(self) -> None:
        within("day.remind_before_min", self.remind_before_min, 0, 43_200)
        within("day.late_after_min", self.late_after_min, 1, 1_440)
        within("day.part_check_before_h", self.part_check_before_h, 0, 720)
        within("day.max_entry_h", self.max_entry_h, 1, 336)
        within("day.return_after_days", self.return_after_days, 0, 90)
        if self.after_could_not_start not in AFTER_COULD_NOT_START:
            raise PolicyError(
                f"day.after_could_not_start {self.after_could_not_start!r}: one of {', '.join(AFTER_COULD_NOT_START)}"
            )


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
    """Changes after assignment: minutes in which the other side must answer, and before whose end it is an alarm."""

    answer_min: int = 240
    warn_before_min: int = 30

    def __post_init__(self) -> None:
        within("proposals.answer_min", self.answer_min, 1, 43_200)
        within("proposals.warn_before_min", self.warn_before_min, 0, 43_200)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What becomes of work to come when a proof that it needs no longer holds.

    `flag`: a dispatcher sees it and decides; `withdraw`: the technician loses it at once and the next in line is asked;
    `keep`: it stays as it is.
    """

    on_lapse: str = "flag"

    def __post_init__(self) -> None:
        if self.on_lapse not in ON_LAPSE:
            raise PolicyError(f"proofs.on_lapse {self.on_lapse!r}: one of {', '.join(ON_LAPSE)}")


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What is promised for one priority, in minutes from posting; None: nothing.

    Responded is when the first technician is assigned, fixed when the job is done. `counted` says which minutes:
    those in which the site is open, or all.
    """

    respond_min: int | None = None
    fix_min: int | None = None
    counted: str = "open_hours"

    def __post_init__(self) -> None:
        for name in ("respond_min", "fix_min"):
            if getattr(self, name) is not None:
                within(f"sla.priorities.{name}", getattr(self, name), 1, 129_600)
        if self.counted not in COUNTED:
            raise PolicyError(f"sla.priorities.counted {self.counted!r}: one of {', '.join(COUNTED)}")
        if self.respond_min is not None and self.fix_min is not None and self.fix_min < self.respond_min:
            raise PolicyError(
                f"sla.priorities.fix_min {self.fix_min}: not below respond_min {self.respond_min}, nobody fixes before"
                " they respond"
            )


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """By when somebody must respond, and by when the work must be done.

    `priorities` has the level of each priority ("1" to "5") that has one. A promise is at risk `warn_min` minutes
    before it is broken, counted as the promise is; a visit that nobody has taken is, `unassigned_before_min` before the
    last moment at which its work can begin.
    """

    priorities: Mapping[str, ServiceLevel] = field(default_factory=dict)
    warn_min: int = 60
    unassigned_before_min: int = 240

    def __post_init__(self) -> None:
        within("sla.warn_min", self.warn_min, 0, 10_080)
        within("sla.unassigned_before_min", self.unassigned_before_min, 0, 10_080)
        levels = {}
        for priority, level in _mapping("sla.priorities", self.priorities).items():
            if priority not in PRIORITIES:
                raise PolicyError(f"sla.priorities.{priority}: name priorities from 1 to 5")
            levels[priority] = _made(ServiceLevel, f"sla.priorities.{priority}", level)
        object.__setattr__(self, "priorities", levels)

    def level(self, priority: int) -> ServiceLevel:
        """What is promised for a priority."""
        return self.priorities.get(str(priority), ServiceLevel())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder, `after_min` minutes after the alarm was raised, at pace 1.

    `whom` is `duty` or `duty:2` (who has the shift of that level then), `role:client_admin` and the like, or
    `staff:ID`.
    """

    after_min: int
    whom: str = "duty"
    channels: tuple[str, ...] = CHANNELS

    def __post_init__(self) -> None:
        within("escalation.steps.after_min", self.after_min, 0, 10_080)
        if not isinstance(self.whom, str) or not _WHOM.fullmatch(self.whom):
            raise PolicyError(
                f"escalation.steps.whom {self.whom!r}: duty, duty:2 (to 9), role:dispatcher, role:client_admin,"
                " role:requester, or staff:ID"
            )
        channels = self.channels if isinstance(self.channels, list | tuple) else ()
        if not channels or any(each not in CHANNELS for each in channels) or len(set(channels)) < len(channels):
            raise PolicyError(f"escalation.steps.channels {self.channels!r}: some of {', '.join(CHANNELS)}, each once")
        object.__setattr__(self, "channels", tuple(channels))


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who hears of an alarm that nobody has taken on, and when.

    `pace` stretches the ladder's times for each priority. An alarm that somebody took on climbs on `again_min` later
    unless it is cleared; None: never.
    """

    steps: tuple[Step, ...] = field(default_factory=lambda: _ladder())
    pace: Mapping[str, float] = field(default_factory=lambda: dict(PACE))
    again_min: int | None = 120

    def __post_init__(self) -> None:
        if not isinstance(self.steps, list | tuple) or len(self.steps) > 10:
            raise PolicyError(f"escalation.steps {self.steps!r}: a list of at most 10 steps")
        steps = tuple(_made(Step, f"escalation.steps[{num}]", each) for num, each in enumerate(self.steps))
        if any(after.after_min <= before.after_min for before, after in pairwise(steps)):
            raise PolicyError(f"escalation.steps {[each.after_min for each in steps]}: each later than the one before")
        pace = {**PACE, **_mapping("escalation.pace", self.pace)}
        for priority, factor in pace.items():
            is_number = isinstance(factor, int | float) and not isinstance(factor, bool)
            if priority not in PRIORITIES or not is_number or not 0.1 <= factor <= 10:
                raise PolicyError(f"escalation.pace.{priority} {factor!r}: priorities 1 to 5, each from 0.1 to 10")
        if self.again_min is not None:
            within("escalation.again_min", self.again_min, 1, 10_080)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "pace", pace)


@dataclass(frozen=True, slots=True)
class DayPolicy:
    """All sections together."""

    day: Day = field(default_factory=Day)
    requests: Requests = field(default_factory=Requests)
    proposals: Proposals = field(default_factory=Proposals)
    proofs: Proofs = field(default_factory=Proofs)
    cancellation: CancellationRules = field(default_factory=CancellationRules)
    rates: Rates = field(default_factory=Rates)
    sla: ServiceLevels = field(default_factory=ServiceLevels)
    escalation: Escalation = field(default_factory=Escalation)

    def to_document(self) -> dict[str, Any]:
        """The settings as plain JSON values; `from_document` reads them back."""
        written = {"cancellation": self.cancellation.to_document(), "rates": self.rates.to_document()}
        return {**asdict(self), **written}

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
            cancellation = CancellationRules.from_document(values.pop("cancellation"))
            rates = Rates.from_document(values.pop("rates"))
            plain = {name: sections[name](**settings) for name, settings in values.items()}  # type: ignore[operator]
            return cls(cancellation=cancellation, rates=rates, **plain)
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


def _mapping(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{name} {value!r}: an object")
    return value


def _made(kind: type[_T], name: str, value: object) -> _T:
    """The value, or what its document says."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise PolicyError(f"{name} {value!r}: an object")
    try:
        return kind(**value)
    except TypeError as error:
        raise PolicyError(f"{name}: {error}") from error


def _ladder() -> tuple[Step, ...]:
    """The ladder of a client who said nothing: the person on duty, the one behind them, the client's admins."""
    return Step(10, "duty"), Step(30, "duty:2"), Step(60, "role:client_admin", ("mail", "sms"))
