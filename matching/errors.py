"""What can be wrong with what is asked of matching?

MatchingError(ValueError)
├── JobError         a job that cannot be judged: inverted window, no duration, unknown currency
├── TechnicianError  a technician whose facts contradict each other
├── CalendarError    opening hours that cannot be read, or a site that never opens
├── PolicyError      a policy outside its limits
├── PackError        a pack of limits that cannot be used, or two that contradict each other in time
└── ReplayError      a stored decision that cannot be read back
"""


class MatchingError(ValueError):
    """Something handed to matching breaks its contract."""


class JobError(MatchingError):
    """A job that cannot be judged."""


class TechnicianError(MatchingError):
    """A technician whose facts contradict each other."""


class CalendarError(MatchingError):
    """Opening hours that cannot be read, or a site that never opens.

    `field` is the path of the value inside the opening hours, empty if there is none; `value` is what stands there.
    """

    def __init__(self, message: str, *, field: str = "", value: object = None) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


class PolicyError(MatchingError):
    """A policy outside its limits."""


class PackError(MatchingError):
    """A pack of limits that cannot be used, or two that contradict each other in time."""


class ReplayError(MatchingError):
    """A stored decision that cannot be read back."""
