"""What can be wrong with what is asked of matching?

MatchingError(ValueError)
├── JobError         a job that cannot be judged: inverted window, no duration, unknown currency
├── TechnicianError  a technician whose facts contradict each other
├── PolicyError      a policy outside its limits
└── ReplayError      a stored decision that cannot be read back
"""


class MatchingError(ValueError):
    """Something handed to matching breaks its contract."""


class JobError(MatchingError):
    """A job that cannot be judged."""


class TechnicianError(MatchingError):
    """A technician whose facts contradict each other."""


class PolicyError(MatchingError):
    """A policy outside its limits."""


class ReplayError(MatchingError):
    """A stored decision that cannot be read back."""
