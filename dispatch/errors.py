"""What can go wrong in dispatch, and what is the way out?

The tree; HTTP statuses stand in ``api/errors.py``, exit codes in ``cli/main.py``::

    TruckrollError
    ├── BadInput         a value that nobody can use; names the field, the value and the way out
    ├── NotFound         there is no such thing, or not for this asker
    ├── NotKept          it was there once, and is no longer kept
    ├── Conflict         the thing is in a state that does not allow this; names the moves that it does allow
    │   └── Missing      something that must be handed in first is not there; lists it
    ├── Refused          a rule forbids it, whatever the state
    ├── NotSignedIn      what was shown lets nobody in; a code says whether a new link would
    ├── MissingService   a program, server or key that Truckroll needs is not there or does not start
    ├── Damaged          what is kept is not what was written
    └── OutcomeUnknown   the answer got lost; it may have been done or not
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class TruckrollError(Exception):
    """Something expected went wrong; the message is fit for a person."""


class BadInput(TruckrollError):
    """A value that cannot be used.

    Parameters
    ----------
    field
        Path of the field as the sender wrote it (``site.lat``, ``--seed``, ``line 4, skills``).
    value
        What was sent; shortened in the message, whole in the attribute.
    way_out
        What would be accepted, as an imperative sentence without a full stop.
    """

    def __init__(self, field: str, value: object, way_out: str) -> None:
        self.field = field
        self.value = value
        self.way_out = way_out
        super().__init__(f"{field}: {_shortened(value)} cannot be used; {way_out}")


class NotFound(TruckrollError):
    """There is no such thing, or not for this asker; the two are never told apart."""

    def __init__(self, kind: str, id_: object) -> None:
        self.kind = kind
        self.id = id_
        super().__init__(f"there is no {kind} {_shortened(id_)}")


class NotKept(TruckrollError):
    """What was asked for was there once and is no longer kept; `first` is the oldest that is."""

    def __init__(self, noun: str, wanted: int, first: int) -> None:
        self.first = first
        super().__init__(f"{noun} from {wanted} on are no longer kept; the first that is kept is {first}")


class Conflict(TruckrollError):
    """The thing's state does not allow the wish; ``moves`` are the wishes that it allows now."""

    def __init__(self, state: str, wish: str, moves: Sequence[str] = ()) -> None:
        self.state = state
        self.wish = wish
        self.moves = tuple(moves)
        possible = ", ".join(self.moves) or "nothing"
        super().__init__(f"cannot {wish}: the state is {state}; possible now: {possible}")


class Missing(Conflict):
    """What must be handed in first is not there: ``lacking`` lists it, item by item, by code and number."""

    def __init__(self, state: str, wish: str, lacking: Sequence[Mapping[str, Any]]) -> None:
        self.lacking = tuple(lacking)
        items = ", ".join(str(each["item"]) for each in lacking)
        super().__init__(f"{state}, and not handed in: {items}", wish, ("hand in",))


class Refused(TruckrollError):
    """A rule forbids it for this asker, whatever the state; ``reasons`` are codes, the message their words."""

    def __init__(self, message: str, reasons: Sequence[str] = ()) -> None:
        self.reasons = tuple(reasons)
        super().__init__(message)


class NotSignedIn(TruckrollError):
    """What was shown lets nobody in: ``why`` is a code.

    ``wrong``: address and password do not belong together, or nobody has the address. ``link_unknown``,
    ``link_used``, ``link_expired``: a link; the last two can be had anew. ``oidc_…``: the provider's word.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(_NOT_SIGNED_IN.get(why, "the sign-in did not work; begin again"))


_NOT_SIGNED_IN = {
    "wrong": "address and password do not belong together; try again, or ask for a link",
    "link_unknown": "this link is none of ours; open the one in the mail, or ask for another",
    "link_used": "this link was used; ask for another",
    "link_expired": "this link has expired; ask for another",
    "oidc_unknown": "nobody here has the address that the provider told; ask whoever invited you",
    "oidc_unverified": "the provider did not say that the address is yours; use a link",
}


class MissingService(TruckrollError):
    """A program or server that Truckroll needs is not there or does not start.

    Parameters
    ----------
    service
        Its name, as a person knows it (``PostgreSQL``).
    problem
        What was seen, one line; a log's tail may follow on further lines of ``detail``.
    way_out
        The command or setting that mends it.
    """

    def __init__(self, service: str, problem: str, way_out: str, detail: str = "") -> None:
        self.service = service
        self.problem = problem
        self.way_out = way_out
        self.detail = detail
        super().__init__(f"{service}: {problem}; {way_out}" + (f"\n{detail}" if detail else ""))


class Damaged(TruckrollError):
    """What is kept is not what was written: changed, moved, or cut short. Nothing of it is used or shown."""

    def __init__(self, what: str, problem: str) -> None:
        self.what = what
        super().__init__(f"{what}: {problem}; restore them from a backup, and look for who changed them")


class OutcomeUnknown(TruckrollError):
    """The answer got lost on the way: it may have been done or not; ask again with the same key."""

    def __init__(self, doing: str) -> None:
        self.doing = doing
        super().__init__(f"{doing}: the outcome is unknown; repeat the request with the same key to learn it")


def _shortened(value: object, num_chars: int = 80) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= num_chars else text[: num_chars - 1] + "…"
