"""Who hears of what, by which text, how soon? One table: an event's (subject, kind) -> its occasions.

Readers are named by what they are to the event (`readers.py` finds them); whoever did it is not told of it, save
where they want it in writing (`even_doer`). Channels are tried in order until one arrives; with `everywhere` all are
used at once. Urgency:

- `urgent` breaks quiet hours, and a switch that turned its group off;
- `timely` waits for the end of quiet hours;
- `calm` waits too, and is gathered into a digest where the reader wants one.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Channel = Literal["push", "sms", "mail", "voice"]
Group = Literal["offers", "day", "changes", "money", "messages"]
Urgency = Literal["urgent", "timely", "calm"]
Who = Literal[
    "asked",  # the technicians of a wave
    "answered",  # the technicians whose answered offers the event ended
    "technician",  # the one that the event names, or whose offer or assignment it is about
    "on_visit",  # the technicians assigned to the visit, or to the job, at that moment
    "contact",  # the site's
    "requester",  # who posted the job
    "dispatchers",  # the client's
    "admins",  # the client's
    "staff",  # those that the event names
    "duty_contact",  # somebody from outside who has the duty, by the shift that the event names
    "participants",  # of a thread
]

CHANNELS: tuple[Channel, ...] = ("push", "sms", "mail", "voice")
GROUPS: tuple[Group, ...] = ("offers", "day", "changes", "money", "messages")
URGENCIES: tuple[Urgency, ...] = ("urgent", "timely", "calm")

_PHONE: tuple[Channel, ...] = ("push", "sms", "mail")
_DESK: tuple[Channel, ...] = ("push", "mail")
_CONTACT: tuple[Channel, ...] = ("sms", "mail", "voice")
_ALL: tuple[Channel, ...] = ("push", "sms", "mail")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One line of the table. `until` names the time in the event's data after which nobody needs to hear of it."""

    subject: str
    kind: str
    who: Who
    key: str
    group: Group
    urgency: Urgency
    channels: tuple[Channel, ...]
    until: str | None = None
    everywhere: bool = False
    even_doer: bool = False
    #: Only events whose data have this value there.
    when: tuple[str, str] | None = None


OCCASIONS: tuple[Occasion, ...] = (
    # Offers and answers.
    Occasion("job", "wave_sent", "asked", "offer_sent", "offers", "timely", _PHONE, until="until"),
    Occasion("job", "asked_by_name", "technician", "offer_sent", "offers", "timely", _PHONE, until="until"),
    Occasion("assignment", "made", "technician", "assigned", "offers", "urgent", _PHONE, even_doer=True),
    Occasion("assignment", "made", "requester", "taken", "changes", "calm", _DESK),
    Occasion("assignment", "made", "contact", "visit_planned", "day", "timely", _CONTACT, until="start_at"),
    Occasion("job", "slot_filled", "answered", "not_chosen", "offers", "calm", _DESK),
    Occasion("offer", "countered", "dispatchers", "countered", "offers", "timely", _DESK),
    Occasion("offer", "counter_refused", "technician", "counter_refused", "offers", "timely", _PHONE),
    Occasion("offer", "requested", "dispatchers", "requested", "offers", "timely", _DESK),
    Occasion("job", "unfilled", "dispatchers", "unfilled", "offers", "timely", _DESK),
    # Changes.
    Occasion("assignment", "released", "technician", "released", "changes", "urgent", _PHONE),
    Occasion("job", "reopened", "dispatchers", "handed_back", "changes", "timely", _DESK),
    Occasion("job", "cancelled", "answered", "withdrawn", "offers", "calm", _DESK),
    Occasion("job", "cancelled", "contact", "visit_cancelled", "changes", "timely", _CONTACT),
    Occasion("job", "terms_changed", "answered", "withdrawn", "offers", "calm", _DESK),
    Occasion("job", "held", "answered", "withdrawn", "offers", "calm", _DESK),
    Occasion(
        "proposal",
        "made",
        "technician",
        "change_asked",
        "changes",
        "timely",
        _PHONE,
        until="expires_at",
        when=("by", "client"),
    ),
    Occasion(
        "proposal",
        "made",
        "dispatchers",
        "change_wished",
        "changes",
        "timely",
        _DESK,
        until="expires_at",
        when=("by", "technician"),
    ),
    Occasion("proposal", "accepted", "technician", "change_agreed", "changes", "timely", _PHONE),
    Occasion("proposal", "accepted", "dispatchers", "change_agreed", "changes", "timely", _DESK),
    Occasion(
        "proposal", "refused", "technician", "change_refused", "changes", "timely", _PHONE, when=("by", "technician")
    ),
    Occasion("proposal", "refused", "dispatchers", "change_refused", "changes", "timely", _DESK, when=("by", "client")),
    Occasion("proposal", "expired", "technician", "change_expired", "changes", "timely", _DESK),
    Occasion("proposal", "expired", "dispatchers", "change_expired", "changes", "timely", _DESK),
    Occasion("visit", "replanned", "contact", "visit_moved", "changes", "timely", _CONTACT),
    Occasion("visit", "replanned", "on_visit", "crew_moved", "changes", "timely", _PHONE),
    Occasion("visit", "lead_changed", "on_visit", "lead_changed", "changes", "calm", _PHONE),
    Occasion("job", "observer_named", "technician", "offer_sent", "offers", "timely", _PHONE, until="until"),
    Occasion("assignment", "substituted", "technician", "replaced", "changes", "urgent", _PHONE),
    Occasion("assignment", "substituted", "requester", "substitute_comes", "changes", "timely", _DESK),
    Occasion("assignment", "charged", "technician", "charged", "money", "calm", _DESK),
    Occasion(
        "technician", "hours_level_changed", "technician", "hours_near", "money", "calm", _DESK, when=("level", "amber")
    ),
    Occasion(
        "technician", "hours_level_changed", "technician", "hours_full", "money", "calm", _DESK, when=("level", "red")
    ),
    Occasion(
        "technician", "pay_sign_changed", "technician", "paper_near", "money", "calm", _DESK, when=("contract", "amber")
    ),
    Occasion(
        "technician", "pay_sign_changed", "admins", "paper_near_of", "money", "calm", _DESK, when=("contract", "amber")
    ),
    Occasion(
        "technician", "pay_sign_changed", "technician", "paper_due", "money", "calm", _DESK, when=("contract", "red")
    ),
    Occasion(
        "technician", "pay_sign_changed", "admins", "paper_due_of", "money", "calm", _DESK, when=("contract", "red")
    ),
    Occasion("visit", "incident_reported", "dispatchers", "incident", "day", "urgent", _DESK),
    # The day.
    Occasion("visit", "reminded", "technician", "reminded", "day", "timely", _PHONE, until="start_at"),
    Occasion("job", "done", "requester", "done", "day", "calm", _DESK),
    Occasion("alarm", "raised", "on_visit", "part_missing", "day", "urgent", _PHONE, when=("kind", "part_missing")),
    Occasion("visit", "confirmed", "requester", "confirmed", "day", "calm", _DESK),
    Occasion("visit", "left", "contact", "on_the_way", "day", "urgent", _CONTACT),
    Occasion("visit", "running_late", "contact", "running_late", "day", "urgent", _CONTACT),
    Occasion("visit", "running_late", "requester", "running_late", "day", "urgent", _DESK),
    Occasion("visit", "missed", "requester", "missed", "day", "urgent", _DESK),
    Occasion("job", "visit_added", "requester", "visit_added", "changes", "calm", _DESK),
    Occasion("visit", "time_corrected", "technician", "time_corrected", "money", "calm", _DESK),
    Occasion("visit", "time_corrected", "dispatchers", "time_corrected", "money", "calm", _DESK),
    Occasion("job", "sent_back", "on_visit", "sent_back", "day", "timely", _PHONE),
    Occasion("job", "deliverable_sent_back", "on_visit", "item_sent_back", "day", "calm", _PHONE),
    Occasion("visit", "request_made", "dispatchers", "site_asks", "day", "urgent", _DESK, until="due_at"),
    Occasion("visit", "request_granted", "technician", "site_granted", "day", "urgent", _PHONE),
    Occasion("visit", "request_refused", "technician", "site_refused", "day", "urgent", _PHONE),
    Occasion("visit", "request_unanswered", "technician", "site_unanswered", "day", "urgent", _PHONE),
    Occasion("visit", "request_unanswered", "dispatchers", "site_left_waiting", "day", "urgent", _DESK),
    # What nobody has taken on: by the channels that the ladder's step names.
    Occasion("alarm", "escalated", "staff", "escalated", "day", "urgent", _ALL, everywhere=True),
    Occasion("alarm", "escalated", "duty_contact", "escalated", "day", "urgent", _CONTACT, everywhere=True),
    Occasion("job", "approved", "on_visit", "approved", "money", "calm", _DESK),
    # Pay: what comes on top or off, what the sides don't agree on, what the bank did.
    Occasion("assignment", "extra_asked", "dispatchers", "extra_asked", "money", "timely", _DESK),
    *(
        Occasion("assignment", "extra_approved", "technician", key, "money", "calm", _DESK, when=("kind", kind))
        for kind, key in (
            ("expense", "extra_approved"),
            ("travel", "extra_approved"),
            ("bonus", "bonus_added"),
            ("penalty", "penalty_added"),
        )
    ),
    Occasion("assignment", "extra_refused", "technician", "extra_refused", "money", "timely", _PHONE),
    Occasion(
        "assignment",
        "extra_contested",
        "dispatchers",
        "penalty_contested",
        "money",
        "calm",
        _DESK,
        when=("kind", "penalty"),
    ),
    Occasion("assignment", "penalty_stands", "technician", "penalty_stands", "money", "calm", _DESK),
    Occasion("dispute", "opened", "technician", "dispute_opened", "money", "timely", _PHONE, when=("side", "client")),
    Occasion(
        "dispute", "opened", "dispatchers", "dispute_opened", "money", "timely", _DESK, when=("side", "technician")
    ),
    Occasion("dispute", "opened", "staff", "dispute_to_decide", "money", "timely", _DESK),
    Occasion("dispute", "decider_named", "staff", "dispute_to_decide", "money", "timely", _DESK),
    Occasion("dispute", "decider_named", "technician", "decider_named", "money", "calm", _PHONE),
    Occasion("dispute", "decider_named", "dispatchers", "decider_named", "money", "calm", _DESK),
    Occasion("dispute", "stated", "technician", "dispute_stated", "money", "calm", _PHONE, when=("side", "client")),
    Occasion("dispute", "stated", "dispatchers", "dispute_stated", "money", "calm", _DESK, when=("side", "technician")),
    Occasion("dispute", "decided", "technician", "dispute_decided", "money", "timely", _PHONE),
    Occasion("dispute", "decided", "dispatchers", "dispute_decided", "money", "timely", _DESK),
    Occasion("payout", "paid", "technician", "payout_paid", "money", "calm", _PHONE),
    Occasion("payout", "failed", "technician", "payout_failed", "money", "timely", _PHONE),
    Occasion("payout", "returned", "technician", "payout_failed", "money", "timely", _PHONE),
    # Whoever asked a person to look again hears what that person said.
    Occasion("appeal", "upheld", "technician", "appeal_upheld", "messages", "calm", _PHONE),
    Occasion("appeal", "rejected", "technician", "appeal_rejected", "messages", "calm", _PHONE),
    Occasion("review", "made", "dispatchers", "review_asked", "changes", "timely", _DESK, until="due_at"),
    Occasion("review", "upheld", "technician", "review_answered", "messages", "calm", _PHONE),
    Occasion("review", "rejected", "technician", "review_answered", "messages", "calm", _PHONE),
    Occasion("excuse", "made", "dispatchers", "excuse_asked", "changes", "timely", _DESK, until="due_at"),
    Occasion("excuse", "upheld", "technician", "excuse_upheld", "messages", "calm", _PHONE),
    Occasion("excuse", "rejected", "technician", "excuse_rejected", "messages", "timely", _PHONE),
    Occasion("excuse", "unanswered", "technician", "excuse_unanswered", "messages", "calm", _PHONE),
    Occasion("visit", "ratings_shown", "technician", "ratings_shown", "messages", "calm", _DESK),
    # Who is let in.
    Occasion("admission", "invited", "technician", "let_in_invited", "offers", "timely", ("mail", "push")),
    Occasion("admission", "applied", "dispatchers", "let_in_applied", "offers", "calm", _DESK),
    Occasion("admission", "accepted", "dispatchers", "let_in_accepted", "offers", "calm", _DESK),
    Occasion("admission", "admitted", "technician", "let_in_admitted", "offers", "timely", _DESK),
    Occasion("admission", "reinstated", "technician", "let_in_admitted", "offers", "timely", _DESK),
    Occasion("admission", "declined", "technician", "let_in_declined", "offers", "timely", _DESK),
    Occasion("admission", "suspended", "technician", "let_in_suspended", "offers", "timely", _PHONE),
    # Proofs, and what a screening leads to.
    Occasion("credential", "expiring", "technician", "proof_expiring", "changes", "calm", _PHONE),
    Occasion("technician", "clearance_ending", "technician", "clearance_ending", "changes", "calm", _PHONE),
    Occasion("technician", "clearance_ending", "staff", "clearance_ending_of", "changes", "calm", _DESK),
    Occasion("technician", "cleared_work_ending", "dispatchers", "cleared_work_ending", "changes", "calm", _DESK),
    Occasion("credential", "rejected", "technician", "proof_rejected", "changes", "timely", _PHONE),
    Occasion("credential", "revoked", "technician", "proof_revoked", "changes", "timely", _PHONE),
    Occasion("assignment", "proof_lapsed", "dispatchers", "proof_lapsed", "changes", "timely", _DESK),
    Occasion("removal", "noticed", "technician", "removal_noticed", "messages", "urgent", _ALL, everywhere=True),
    Occasion("removal", "withdrawn", "technician", "removal_withdrawn", "messages", "urgent", _ALL, everywhere=True),
    Occasion("removal", "finished", "technician", "removal_final", "messages", "urgent", _ALL, everywhere=True),
    # What people write, and what did not arrive.
    Occasion("message", "posted", "participants", "message", "messages", "timely", _PHONE),
    Occasion("message", "undelivered", "dispatchers", "undelivered", "day", "urgent", _DESK),
)

#: Texts that are said without an event: what was gathered, the answer to a text that nobody can place, the link that
#: somebody asked for who may be nobody.
WITHOUT_EVENT = (
    "digest", "relay_help", "word_done", "word_refused", "word_stopped", "word_started", "sign_in_link",
)  # fmt: skip


def _by_event() -> dict[tuple[str, str], tuple[Occasion, ...]]:
    found: dict[tuple[str, str], list[Occasion]] = defaultdict(list)
    for occasion in OCCASIONS:
        found[occasion.subject, occasion.kind].append(occasion)
    return {event: tuple(lines) for event, lines in found.items()}


#: (subject, kind) -> its lines
BY_EVENT: Mapping[tuple[str, str], tuple[Occasion, ...]] = _by_event()
#: key -> its line; where several share a text, the first
BY_KEY: Mapping[str, Occasion] = {occasion.key: occasion for occasion in reversed(OCCASIONS)}
