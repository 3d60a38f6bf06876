"""What came of one piece of work, by the events that were recorded of it? At most one outcome for each part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from matching.reputation import Outcome, ReputationPolicy, back_out_severity, is_in_time, of_stars

#: Who hands work back for a technician.
TALENT = ("technician", "company", "gateway")
#: Codes of what lies with the client, or with safety: a person looks before it is excused for good.
UNSAFE = ("unsafe",)
CLIENT_CAUSED = ("no_access", "not_ready", "site_closed", "customer_closed", "client_changed")
#: Why what was excused doesn't count after each event of its review; upheld, it is as it was said.
_LOOKS = {"made": "in_review", "passed_on": "in_review", "rejected": None, "unanswered": "unanswered"}
#: A return for one of these was in the technician's hands; for all else it was not.
OWN_RETURNS = ("time", "other")
#: How a visit ends that is not complete, and may be excused.
EXCUSED_ENDINGS = ("return_needed", "could_not_start")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the work's own chains, as far as outcomes go."""

    id: UUID
    subject: str
    kind: str
    actor: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What an assignment is: whose word counts for the visit (`is_lead`), until when it could be handed back free."""

    assignment_id: UUID
    is_lead: bool
    hand_back_until: datetime | None = None


def outcomes_of(
    work: Work, events: Sequence[Happened], answers: Mapping[UUID, str], policy: ReputationPolicy
) -> list[Outcome]:
    """The outcomes of one assignment, from all events of it, of its visit and of its job, in their order.

    `answers` has, by event, how an appeal against it stands: `open`, `upheld` or `rejected`. What was appealed against
    doesn't count while it is open, nor when it was upheld; nor does any of it while a dispute about the work's pay is
    open. What speaks for the technician is untouched by both. What was excused, on handing back or on leaving, doesn't
    count before a person has looked at it; whether they did, the events of that review say.
    """
    agreed_at = _agreed(work, events)
    found = [
        *_kept(work, events, agreed_at, policy),
        *_ending(work, events),
        *_passed(work, events),
        *_rated(work, events),
    ]
    is_disputed = _is_disputed(events)
    return [_answered(each, answers.get(each.event_id), is_disputed) for each in found]


def _agreed(work: Work, events: Sequence[Happened]) -> Mapping[UUID, datetime]:
    """For each event: the start that both sides had agreed to when it happened."""
    agreed: datetime | None = None
    found: dict[UUID, datetime] = {}
    for event in events:
        if event.subject == "assignment" and event.kind in ("made", "changed") and "start_at" in event.data:
            agreed = datetime.fromisoformat(event.data["start_at"])
        if agreed is not None:
            found[event.id] = agreed
    return found


def _kept(
    work: Work, events: Sequence[Happened], agreed_at: Mapping[UUID, datetime], policy: ReputationPolicy
) -> list[Outcome]:
    """Whether the work was begun, and in time; or given back; or nobody came."""
    for event in (each for each in events if each.id in agreed_at):
        if event.kind == "checked_in" and _is_mine(work, event):
            at = datetime.fromisoformat(event.data["at"])
            in_time = is_in_time(at, agreed_at[event.id], policy)
            arrived = "in_time" if in_time else "late" if at > agreed_at[event.id] else "too_early"
            return [
                Outcome(event.id, "kept", "begun", 1.0, event.at),
                Outcome(event.id, "on_time", arrived, float(in_time), event.at),
            ]
        if event.subject == "assignment" and event.kind == "released":
            given_back = _given_back(work, event, agreed_at[event.id], policy)
            return [_looked_at(each, events) for each in given_back]
    return []


def _given_back(work: Work, event: Happened, agreed_at: datetime, policy: ReputationPolicy) -> list[Outcome]:
    why = str(event.data.get("why"))
    if why == "no_show" and event.actor not in TALENT:
        return [Outcome(event.id, "kept", "no_show", 0.0, event.at, policy.no_show)]
    if event.actor not in TALENT or (work.hand_back_until is not None and event.at <= work.hand_back_until):
        return []
    severity = back_out_severity(event.at, agreed_at, policy)
    kind = "early_back_out" if severity == policy.early_back_out else "back_out"
    return [Outcome(event.id, "kept", kind, 0.0, event.at, severity, excuse_of(why))]


def _looked_at(outcome: Outcome, events: Sequence[Happened]) -> Outcome:
    """An excused outcome as its review stands. What nobody was ever asked about stays as it was said."""
    of_review = [
        event.kind for event in events if event.subject == "excuse" and event.data.get("event") == str(outcome.event_id)
    ]
    if outcome.why_not is None or not of_review:
        return outcome
    return replace(outcome, why_not=_LOOKS.get(of_review[-1], outcome.why_not))


def _ending(work: Work, events: Sequence[Happened]) -> list[Outcome]:
    """Whether the visit ended complete: what the last word of the visit says, for whoever's word counts."""
    if not work.is_lead or not any(event.kind == "checked_in" and _is_mine(work, event) for event in events):
        return []
    for event in events:
        outcome = event.data.get("outcome") if event.kind == "checked_out" else None
        if outcome == "complete":
            return [Outcome(event.id, "completed", "complete", 1.0, event.at)]
        if outcome in EXCUSED_ENDINGS:
            excuse = ending_excuse_of(outcome, str(event.data.get("why")))
            ended = Outcome(event.id, "completed", outcome, 0.0, event.at, why_not=excuse)
            return [_looked_at(ended, events)]
    return []


def _passed(work: Work, events: Sequence[Happened]) -> list[Outcome]:
    """Whether work that was called complete was good: sent back once is sent back."""
    if not any(each.kind == "complete" for each in _ending(work, events)):
        return []
    judged = [event for event in events if event.subject == "job" and event.kind in ("sent_back", "approved")]
    sent_back = next((event for event in judged if event.kind == "sent_back"), None)
    if sent_back is not None:
        return [Outcome(sent_back.id, "passed", "sent_back", 0.0, sent_back.at)]
    return [Outcome(event.id, "passed", "approved", 1.0, event.at) for event in judged[:1]]


def _rated(work: Work, events: Sequence[Happened]) -> list[Outcome]:
    shown = [event for event in events if event.kind == "ratings_shown" and _is_mine(work, event)]
    return [
        Outcome(event.id, "rated", f"stars_{event.data['by_client']}", of_stars(event.data["by_client"]), event.at)
        for event in shown[:1]
        if event.data.get("by_client") is not None
    ]


def _is_disputed(events: Sequence[Happened]) -> bool:
    """Whether a dispute about the pay of this work waits for its decision."""
    of_disputes = [event.kind for event in events if event.subject == "dispute"]
    return of_disputes.count("opened") > of_disputes.count("decided")


def _answered(outcome: Outcome, answer: str | None, is_disputed: bool) -> Outcome:
    if outcome.value == 1.0:
        return outcome
    if answer in ("open", "upheld"):
        return replace(outcome, why_not="disputed" if answer == "open" else "corrected")
    return replace(outcome, why_not=outcome.why_not or "pay_disputed") if is_disputed else outcome


def excuse_of(why: str) -> str | None:
    """With whom handing back lay, by its code: `unsafe`, `client`; nothing where it lay with the technician."""
    return "unsafe" if why in UNSAFE else "client" if why in CLIENT_CAUSED else None


def ending_excuse_of(outcome: str, why: str) -> str | None:
    """With whom it lay that a visit did not end complete: `unsafe`, `client`; nothing where with the technician."""
    if outcome not in EXCUSED_ENDINGS or (outcome == "return_needed" and why in OWN_RETURNS):
        return None
    return excuse_of(why) or "client"


def _is_mine(work: Work, event: Happened) -> bool:
    return event.data.get("assignment") == str(work.assignment_id)


#: What each kind of outcome is called; of ratings the stars stand at the end.
WORDS: Mapping[str, str] = {
    "begun": "You took the work on and began it",
    "in_time": "You checked in within the agreed time",
    "late": "You checked in more than 15 minutes after the agreed start",
    "too_early": "You checked in more than 30 minutes before the agreed start",
    "early_back_out": "You gave the work back a day or more before its start",
    "back_out": "You gave the work back less than a day before its start",
    "no_show": "The client recorded that nobody came",
    "complete": "The visit ended complete",
    "return_needed": "Somebody had to come again",
    "could_not_start": "The work could not start",
    "approved": "The client approved the work as it was",
    "sent_back": "The client sent the work back",
    "stars_1": "The client gave one star",
    "stars_2": "The client gave two stars",
    "stars_3": "The client gave three stars",
    "stars_4": "The client gave four stars",
    "stars_5": "The client gave five stars",
}
#: Why an outcome doesn't count.
WHY_NOT: Mapping[str, str] = {
    "client": "Doesn't count: it lay with the client",
    "unsafe": "Doesn't count: it was unsafe",
    "in_review": "Doesn't count: a person looks at it before it does",
    "unanswered": "Doesn't count: nobody looked at it by the date",
    "disputed": "Doesn't count while your appeal is open",
    "corrected": "Doesn't count: your appeal was upheld",
    "pay_disputed": "Doesn't count while a dispute about the pay of this work is open",
}
