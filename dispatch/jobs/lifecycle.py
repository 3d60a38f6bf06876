"""Which moves does a state allow? The tables of moves of jobs, visits, presence, offers, assignments, proposals. Pure.

Each table maps a state to its moves, and each move to the state after it. Who may make a move, and by when, is said
beside the function that makes it; that it cannot be made twice is the statement's condition, not this table.
"""

from collections.abc import Iterable

from dispatch.errors import Conflict

Moves = dict[str, dict[str, str]]

JOB: Moves = {
    "draft": {"post": "open", "cancel": "cancelled"},
    "open": {
        "fill": "assigned",
        "give_up": "unfilled",
        "change": "open",
        "hold": "on_hold",
        "reopen": "open",
        "go_on": "in_progress",
        "cancel": "cancelled",
    },
    "unfilled": {
        "change": "open",
        "resume": "open",
        "fill": "assigned",
        "give_up": "unfilled",
        "reopen": "unfilled",
        "go_on": "in_progress",
        "cancel": "cancelled",
    },
    "on_hold": {"resume": "open", "reopen": "on_hold", "go_on": "in_progress", "cancel": "cancelled"},
    "assigned": {"start": "in_progress", "reopen": "open", "cancel": "cancelled"},
    "in_progress": {"finish": "done", "reopen": "open", "cancel": "cancelled"},
    "done": {"approve": "approved", "send_back": "sent_back"},
    "sent_back": {"finish": "done", "reopen": "open"},
    "approved": {"pay": "paid", "dispute": "disputed"},
    "disputed": {"approve": "approved"},
    # What a bank sends back is due once more.
    "paid": {"owe": "approved"},
    "cancelled": {},
}

#: A visit is as far as the first of those who are on it; a missed one stays so, what comes after is the next visit.
VISIT: Moves = {
    "planned": {
        "confirm": "confirmed",
        "leave": "on_the_way",
        "check_in": "checked_in",
        "miss": "missed",
        "reopen": "planned",
        "cancel": "cancelled",
        "replan": "planned",
    },
    "confirmed": {
        "leave": "on_the_way",
        "check_in": "checked_in",
        "miss": "missed",
        "reopen": "planned",
        "cancel": "cancelled",
        "replan": "planned",
    },
    "on_the_way": {
        "check_in": "checked_in",
        "miss": "missed",
        "reopen": "planned",
        "cancel": "cancelled",
        "replan": "planned",
    },
    "checked_in": {"check_out": "checked_out", "cut_short": "checked_out"},
    "checked_out": {},
    "missed": {},
    "cancelled": {},
}

#: How far one technician is with a visit. Who has checked out may come back while the visit goes on.
PRESENCE: Moves = {
    "assigned": {"confirm": "confirmed", "leave": "on_the_way", "check_in": "checked_in"},
    "confirmed": {"leave": "on_the_way", "check_in": "checked_in"},
    "on_the_way": {"check_in": "checked_in"},
    "checked_in": {"check_out": "checked_out", "step_out": "stepped_out"},
    "stepped_out": {"check_in": "checked_in", "check_out": "checked_out"},
    "checked_out": {"check_in": "checked_in"},
}
#: Not there yet: an assignment can be given back, and nobody has begun.
NOT_THERE_YET = ("assigned", "confirmed", "on_the_way")
_AS_FAR = {"assigned": "planned", "stepped_out": "checked_in", "checked_out": "checked_in"}

_ANSWERS = {
    "accept": "accepted",
    "request": "requested",
    "counter": "countered",
    "decline": "declined",
    "expire": "expired",
    "withdraw": "withdrawn",
    "close": "not_chosen",
}
OFFER: Moves = {
    "sent": {"view": "viewed", **_ANSWERS},
    "viewed": _ANSWERS,
    "requested": _ANSWERS,
    "countered": _ANSWERS,
    "accepted": {},
    "declined": {},
    "expired": {},
    "withdrawn": {},
    "not_chosen": {},
}

ASSIGNMENT: Moves = {
    "live": {"release": "released", "substitute": "substituted", "finish": "finished"},
    "released": {},
    "substituted": {},
    "finished": {},
}

#: A change that one side of an assignment asks the other for; it ends once.
PROPOSAL: Moves = {
    "open": {
        "accept": "accepted",
        "refuse": "refused",
        "withdraw": "withdrawn",
        "expire": "expired",
        "overtake": "overtaken",
    },
    "accepted": {},
    "refused": {},
    "withdrawn": {},
    "expired": {},
    "overtaken": {},
}

PART: Moves = {
    "wanted": {"order": "ordered", "ship": "shipped", "receive": "received", "drop": "not_needed"},
    "ordered": {"ship": "shipped", "receive": "received", "lose": "lost", "drop": "not_needed"},
    "shipped": {"receive": "received", "lose": "lost", "drop": "not_needed"},
    "lost": {"order": "ordered", "ship": "shipped", "receive": "received", "drop": "not_needed"},
    "received": {"call_back": "to_return"},
    "not_needed": {"call_back": "to_return"},
    "to_return": {"give_back": "returned"},
    "returned": {},
}

DELIVERABLE: Moves = {
    "submitted": {"pass": "passed", "send_back": "sent_back"},
    "passed": {},
    "sent_back": {},
}

SITE_REQUEST: Moves = {
    "waiting": {"grant": "granted", "refuse": "refused", "withdraw": "withdrawn", "time_out": "unanswered"},
    "granted": {},
    "refused": {},
    "unanswered": {},
    "withdrawn": {},
}


def move(moves: Moves, state: str, wish: str) -> str:
    """The state after `wish`.

    Raises
    ------
    Conflict
        When the table has no such move from `state`; names those it has.
    """
    possible = moves[state]
    if wish not in possible:
        raise Conflict(state, wish, tuple(possible))
    return possible[wish]


def states_with(moves: Moves, wish: str) -> tuple[str, ...]:
    """The states from which `wish` can be made: the condition of the statement that makes it."""
    return tuple(state for state, possible in moves.items() if wish in possible)


def visit_state(presences: Iterable[str]) -> str:
    """The state of a visit that has not ended, from how far each of those on it is: that of the first of them."""
    found = [_AS_FAR.get(presence, presence) for presence in presences]
    return max(found, key=list(VISIT).index, default="planned")
