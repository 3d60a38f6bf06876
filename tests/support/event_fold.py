"""What do the events alone say? Folds them, in their order, into the states of all that has a lifecycle.

An oracle independent of the use cases: it reads no row but the events', so a change of state that no event tells shows
as a difference from the rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

#: kind of subject -> kind of event -> the subject's state after it
SIMPLE = {
    "job": {
        "drafted": "draft",
        "posted": "open",
        "held": "on_hold",
        "resumed": "open",
        "terms_changed": "open",
        "started": "in_progress",
        "done": "done",
        "approved": "approved",
        "disputed": "disputed",
        "paid": "paid",
        "unfilled": "unfilled",
        "cancelled": "cancelled",
        "sent_back": "sent_back",
    },
    "visit": {},
    "offer": {
        "asked_for": "viewed",
        "viewed": "viewed",
        "requested": "requested",
        "countered": "countered",
        "counter_refused": "viewed",
        "accepted": "accepted",
        "declined": "declined",
        "withdrawn": "withdrawn",
    },
    "assignment": {"made": "live", "released": "released", "finished": "finished"},
    "proposal": {
        "made": "open",
        "accepted": "accepted",
        "refused": "refused",
        "withdrawn": "withdrawn",
        "expired": "expired",
        "overtaken": "overtaken",
    },
    "part": {},
    "excuse": {"made": "open"},
    "alarm": {"raised": "raised", "cleared": "cleared"},
}
#: What became of a visit or a part; the event itself says its state then.
STATE_TOLD = {
    "visit": {
        "confirmed",
        "left",
        "running_late",
        "reminded",
        "checked_in",
        "time_switched",
        "stepped_out",
        "checked_out",
        "missed",
        "replanned",
    },
    "part": {"added", "ordered", "shipped", "received", "lost", "dropped", "called_back", "given_back"},
}
#: Told for the record; no state changes by them.
SILENT = {
    "wave_sent",
    "offers_expired",
    "said_yes_too_late",
    "counter_accepted",
    "slot_filled",
    "reopened",
    "slots_closed",
    "visit_added",
    "window_extended",
    "terms_agreed",
    "promise_broken",
    "changed",
    "charged",
    "escalated",
    "due_moved",
    "time_agreed",
    "offers_recalled",
    "asked_by_name",
}


@dataclass
class Fold:
    """The states so far, by kind of subject and id; `asked` are (round, technician) of every wave."""

    states: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in SIMPLE})
    asked: list[tuple[str, str]] = field(default_factory=list)
    visits_of: dict[str, list[str]] = field(default_factory=dict)

    def add(self, events: Iterable[tuple[str, str, str, dict[str, Any]]]) -> None:
        """Fold events (subject's kind, subject, kind, data), the oldest first."""
        for subject_kind, subject, kind, data in events:
            is_told = kind in STATE_TOLD.get(subject_kind, ())
            state = data["state"] if is_told else SIMPLE[subject_kind].get(kind)
            assert state is not None or kind in SILENT, f"an event that nobody knows: {subject_kind} {kind}"
            if state is not None:
                self.states[subject_kind][subject] = state
            if subject_kind == "job":
                _JOB_TOLD.get(kind, _nothing)(self, subject, data)
            if subject_kind in ("job", "visit"):
                self._end("withdrawn", data.get("offers_withdrawn", ()))
                self._end("not_chosen", data.get("offers_closed", ()))

    def _end(self, state: str, offers: Iterable[str]) -> None:
        for offer in offers:
            self.states["offer"][offer] = state


def _posted(fold: Fold, job: str, data: dict[str, Any]) -> None:
    if "visit" in data:
        fold.visits_of[job] = [data["visit"]]
        fold.states["visit"][data["visit"]] = "planned"


def _wave_sent(fold: Fold, job: str, data: dict[str, Any]) -> None:
    for offer, technician in data["offers"]:
        assert offer not in fold.states["offer"], "an offer was sent twice"
        fold.states["offer"][offer] = "sent"
        fold.asked.append((data["round"], technician))


def _asked_by_name(fold: Fold, job: str, data: dict[str, Any]) -> None:
    fold.states["offer"].setdefault(data["offer"], "sent")


def _expired(fold: Fold, job: str, data: dict[str, Any]) -> None:
    for offer in data["offers"]:
        fold.states["offer"][offer] = "expired"


def _takes_named_state(fold: Fold, job: str, data: dict[str, Any]) -> None:
    fold.states["job"][job] = data["state"]


def _reopened(fold: Fold, job: str, data: dict[str, Any]) -> None:
    fold.states["job"][job] = data["state"]
    fold.states["visit"][data["visit"]] = data["visit_state"]


def _visit_added(fold: Fold, job: str, data: dict[str, Any]) -> None:
    assert data["after"] == fold.visits_of[job][-1], "a visit comes after the last one"
    fold.visits_of[job].append(data["visit"])
    fold.states["visit"][data["visit"]] = "planned"
    fold.states["job"][job] = data["state"]


def _cancelled(fold: Fold, job: str, data: dict[str, Any]) -> None:
    for visit in fold.visits_of[job]:
        if fold.states["visit"][visit] not in ("checked_out", "missed"):
            is_cut = visit in data["visits_cut_short"]
            fold.states["visit"][visit] = "checked_out" if is_cut else "cancelled"
    for assignment in data["assignments_released"]:
        fold.states["assignment"][assignment] = "released"
    for assignment in data["assignments_finished"]:
        fold.states["assignment"][assignment] = "finished"


def _nothing(fold: Fold, job: str, data: dict[str, Any]) -> None:
    return None


_JOB_TOLD: dict[str, Callable[[Fold, str, dict[str, Any]], None]] = {
    "posted": _posted,
    "drafted": _posted,
    "wave_sent": _wave_sent,
    "asked_by_name": _asked_by_name,
    "offers_expired": _expired,
    "slot_filled": _takes_named_state,
    "reopened": _reopened,
    "slots_closed": _takes_named_state,
    "visit_added": _visit_added,
    "cancelled": _cancelled,
}
