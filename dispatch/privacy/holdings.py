"""What do we hold of a person, and where? A list for technicians, one for staff: by it is exported, and is erased.

What staff wrote and decided about a client's work is the client's: not theirs to take along, and it stays without them.

A test compares it with the record: a column that holds personal data and is named neither here nor among what is
withheld with a reason fails it, and so does a table that knows technicians.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.record.tables import Base

#: Columns of no meaning outside, and other people's ids.
_ALWAYS_LEFT_OUT = ("point", "cell", "changed_xid", "xid", "judged_by", "decided_by", "answered_by", "decider_id")
_OWN = "technician_id = :t"
#: Rows of an address, which goes with its technician unless it is somebody else's too.
_OF_ADDRESS = (
    "email = (SELECT lower(email) FROM technicians WHERE id = :t) AND NOT EXISTS (SELECT FROM staff s"
    " WHERE lower(s.email) = {0}.email AND s.left_at IS NULL) AND NOT EXISTS (SELECT FROM technicians o"
    " WHERE lower(o.email) = {0}.email AND o.state NOT IN ('left', 'erased') AND o.id <> :t)"
)
_BY_THEM = "by_kind = 'technician' AND by_id = :t"
#: Why a bonus was given is said in words.
_WITHOUT_REASONS = (
    "(SELECT coalesce(jsonb_agg(CASE WHEN each ? 'reason' THEN each || '{\"reason\": \"\"}' ELSE each END"
    " ORDER BY num), '[]') FROM jsonb_array_elements(extras) WITH ORDINALITY AS of_pay(each, num))"
)
_WITHOUT_PLACE = "{0} - '{{lat,lng}}'::text[]"


@dataclass(frozen=True, slots=True)
class Holding:
    """A table's rows about one person (`:t`).

    `erased` says what becomes of a column, in SQL; `goes` that the rows themselves go. `left_out` are columns that
    are not theirs to take along; `is_shown` False: none of it is (`WITHHELD` says why).
    """

    table: str
    whose: str = _OWN
    erased: Mapping[str, str] = field(default_factory=dict)
    goes: bool = False
    left_out: tuple[str, ...] = ()
    is_shown: bool = True
    #: The database's own function that does it, where the program may not.
    by: str = ""

    @property
    def hidden(self) -> list[str]:
        """Columns that an export leaves out."""
        return [*_ALWAYS_LEFT_OUT, *self.left_out]


def _with_answers(owner: str, *held: Holding) -> tuple[Holding, ...]:
    """What is held, and before it the answers to requests: theirs, and those about them or what of theirs is erased.

    By ids, however the answer spells what it says; while what it is about can still be found. A refusal may name
    somebody by what was typed alone, and had no effect: every one goes.
    """
    theirs = [each for each in held if (each.goes or each.erased) and "id" in Base.metadata.tables[each.table].columns]
    ids = " UNION ALL ".join(f"SELECT id FROM {each.table} WHERE {each.whose}" for each in theirs)
    answered = (
        f"asker_id = :t OR asker_id IN (SELECT id FROM api_keys WHERE {owner} = :t) OR status >= 400"
        f" OR named && ARRAY({ids})"
    )
    return (Holding("idempotency_keys", answered, goes=True, is_shown=False), *held)


#: Why something about a person is not in their export: it is another one's, kept from them by rule, or no fact at all.
WITHHELD: Mapping[str, str] = {
    "client_marks": "what a client thinks of somebody is hidden from them, as theirs is from the client",
    "pool_overrides": "a client's own reason for its own pool",
    "legal_holds": "whom a court asks about is not told by us",
    "person_keys": "a key is no fact about anybody",
    "passwords": "what lets somebody in is copied nowhere",
}

_ERASED = "'[erased]'"
_NOTHING = "NULL"

#: What is found by the person's address.
BY_ADDRESS = ("passwords", "sign_ins")
#: What goes in the first step, so that nobody signs in, takes work or is called by their name any more.
AT_ONCE = (*BY_ADDRESS, "sessions", "technicians", "staff", "api_keys", "pool_members")

#: In the order in which they are erased: what is found by the technician's address before the address itself.
HOLDINGS = _with_answers(
    "technician_id",
    Holding("passwords", _OF_ADDRESS.format("passwords"), goes=True, is_shown=False),
    Holding("sign_ins", _OF_ADDRESS.format("sign_ins"), goes=True, left_out=("hash", "more")),
    Holding("sessions", goes=True, left_out=("hash",)),
    Holding(
        "technicians",
        "id = :t",
        {
            "name": _ERASED,
            "number": "'erased-' || id::text",
            "email": _NOTHING,
            "phone": _NOTHING,
            "lat": "0",
            "lng": "0",
            "cell": ":nowhere",
            "time_zone": "'UTC'",
            "radius_km": _NOTHING,
            "area": _NOTHING,
            "in_market": "false",
            "clearance": "'unknown'",
            "clearance_until": _NOTHING,
            "clearance_warned": _NOTHING,
            "day_capacity": _NOTHING,
            "min_hourly": _NOTHING,
            "quiet_from": _NOTHING,
            "quiet_to": _NOTHING,
            "works_in_quiet_hours": "false",
            "auto_min_hourly": _NOTHING,
            "auto_max_km": _NOTHING,
            "auto_max_per_day": _NOTHING,
            "shares_position": "false",
            "preferences": "'{}'",
            "proofs_due_at": _NOTHING,
            "company_id": _NOTHING,
            "state": "'erased'",
        },
    ),
    Holding("technician_skills", goes=True),
    Holding("working_hours", goes=True),
    Holding("time_off", goes=True),
    Holding("day_asks", goes=True),
    Holding("technician_marks", goes=True),
    Holding("client_marks", goes=True, is_shown=False),
    Holding("pool_members", goes=True),
    Holding("positions", goes=True),
    Holding("documents", "credential_id IN (SELECT id FROM credentials WHERE technician_id = :t)", goes=True),
    Holding(
        "credentials",
        erased={
            "evidence": _NOTHING,
            "facts": "'{}'",
            "vendor": _NOTHING,
            "vendor_ref": _NOTHING,
            "vendor_seq": _NOTHING,
            "due_at": _NOTHING,
            "ground": _NOTHING,
            "state": "CASE WHEN state IN ('revoked', 'rejected') THEN state ELSE 'expired' END",
        },
    ),
    Holding(
        "removals",
        erased={
            "notice": _ERASED,
            "answer": f"CASE WHEN answer IS NOT NULL THEN {_ERASED} END",
            "weighed": f"CASE WHEN weighed IS NOT NULL THEN {_ERASED} END",
        },
    ),
    Holding(
        "admissions",
        erased={
            "given_name": _NOTHING,
            "given_email": _NOTHING,
            "code": _NOTHING,
            "code_until": _NOTHING,
            "state": "'ended'",
            "reason": "coalesce(reason, 'erased')",
        },
        left_out=("code",),
    ),
    Holding(
        "pool_overrides",
        erased={"reason": _ERASED, "ended_at": "coalesce(ended_at, clock_timestamp())"},
        is_shown=False,
    ),
    Holding(
        "time_entries",
        erased={"note": "''", **{each: _WITHOUT_PLACE.format(each) for each in ("proof_in", "proof_out")}},
    ),
    Holding("site_requests", erased={"note": "''", "item": f"CASE WHEN item IS NOT NULL THEN {_ERASED} END"}),
    Holding(
        "deliverables",
        "handed_in_by_kind = 'technician' AND handed_in_by = :t",
        {
            "caption": _NOTHING,
            "written": f"CASE WHEN written IS NOT NULL THEN {_ERASED} END",
            "judged_note": _NOTHING,
        },
    ),
    Holding("counters", "offer_id IN (SELECT id FROM offers WHERE technician_id = :t)", {"note": "''"}),
    Holding(
        "proposals",
        erased={
            "note": "''",
            "description": f"CASE WHEN by_side = 'technician' AND description IS NOT NULL THEN {_ERASED}"
            " ELSE description END",
        },
    ),
    Holding("incidents", _BY_THEM, {"note": "''"}),
    Holding("reviews", erased={"words": _ERASED, "answer": f"CASE WHEN answer <> '' THEN {_ERASED} ELSE '' END"}),
    Holding("usage", erased={"answers": "'{}'"}, left_out=("answers",)),
    Holding(
        "disputes",
        erased={
            "note": "''",
            "decided_note": f"CASE WHEN decided_note <> '' THEN {_ERASED} END",
            # Only where they are: a position that was stated before words were kept in it has none.
            "positions": "jsonb_set(jsonb_set(positions, '{technician,note}', '\"\"', false),"
            " '{client,note}', '\"\"', false)",
        },
    ),
    Holding("visits", "id IN (SELECT visit_id FROM assignments WHERE technician_id = :t)", {"outcome_note": "''"}),
    Holding("messages", "author_kind = 'technician' AND author_id = :t", {"words": _ERASED}, by="erase_words",
            left_out=("carrier_id",)),
    Holding("api_keys", erased={"label": _ERASED, "revoked_at": "coalesce(revoked_at, clock_timestamp())"},
            left_out=("hash",)),
    # What stays as it is: work done, money moved, what was asked for. Its ids lead to nobody any more.
    Holding("offers"),
    Holding("assignments", left_out=("reply_code",)),
    Holding("bookings"),
    Holding("outcomes"),
    Holding("ratings", "technician_id = :t AND (by_side = 'technician' OR shown_at IS NOT NULL)"),
    Holding("charges"),
    Holding("payments", erased={"extras": _WITHOUT_REASONS}, left_out=("approvals",)),
    Holding("payouts"),
    Holding("ledger_accounts"),
    Holding("ledger_transactions"),
    Holding("files", "(uploaded_by_kind = 'technician' AND uploaded_by = :t)"),
    Holding("threads", left_out=("reads",)),
    Holding("notices", "reader_kind = 'technician' AND reader_id = :t"),
    Holding("erasures"),
    Holding("slots"),
    Holding("events", "(subject_kind = 'technician' AND subject_id = :t) OR actor_id = :t",
            left_out=("hash", "prev_hash")),
)  # fmt: skip

#: In the export and not a table's rows of a technician: nothing. Personal columns of the record that are about others.
OF_OTHERS = (
    "webhooks", "staff", "sites", "companies", "clients", "jobs", "templates", "series", "parts", "agreements",
    "duty_shifts",
)  # fmt: skip

#: Rows of an address, which is a person's of the staff unless it is somebody else's too.
_OF_STAFFS_ADDRESS = (
    "email = (SELECT lower(email) FROM staff WHERE id = :t) AND NOT EXISTS (SELECT FROM staff s"
    " WHERE lower(s.email) = {0}.email AND s.left_at IS NULL AND s.id <> :t) AND NOT EXISTS (SELECT FROM technicians o"
    " WHERE lower(o.email) = {0}.email AND o.state NOT IN ('left', 'erased'))"
)
#: What is held of a person of the staff, in the order in which it is erased: what their address finds comes before it.
#: Of a notice and an event, what it says is the client's.
OF_STAFF = _with_answers(
    "staff_id",
    Holding("passwords", _OF_STAFFS_ADDRESS.format("passwords"), goes=True, is_shown=False),
    Holding("sign_ins", _OF_STAFFS_ADDRESS.format("sign_ins"), goes=True, left_out=("hash", "more")),
    Holding("sessions", "staff_id = :t", goes=True, left_out=("hash",)),
    Holding(
        "staff",
        "id = :t",
        {
            "name": _ERASED,
            "email": "'erased-' || id::text",
            "phone": _NOTHING,
            "preferences": "'{}'",
            "left_at": "coalesce(left_at, clock_timestamp())",
            "erased_at": "clock_timestamp()",
        },
    ),
    Holding("api_keys", "staff_id = :t", {"label": _ERASED, "revoked_at": "coalesce(revoked_at, clock_timestamp())"},
            left_out=("hash",)),
    Holding("messages", "author_kind = 'staff' AND author_id = :t", {"words": _ERASED}, by="erase_words",
            left_out=("carrier_id",)),
    Holding("duty_shifts", "staff_id = :t"),
    Holding("erasures", "staff_id = :t"),
    Holding("notices", "reader_kind = 'staff' AND reader_id = :t", left_out=("data",)),
    Holding("events", "actor_id = :t OR subject_kind = 'client' AND data @> jsonb_build_object('staff', :t)",
            left_out=("hash", "prev_hash", "data")),
)  # fmt: skip

#: Why something that names a person of the staff is not in their export.
WITHHELD_OF_STAFF: Mapping[str, str] = {
    "passwords": WITHHELD["passwords"],
    "person_keys": WITHHELD["person_keys"],
    "files": "what was handed in for a client's work is the client's",
    "deliverables": "what was handed in and what was said of it are the client's and the technician's",
    "site_requests": "what was asked for at a site, and the answer, are the client's and the technician's",
    "incidents": "what happened at a site is the client's",
    "alarms": "who took an alarm is in the events; the alarm is the client's",
    "payments": "who approved is in the events; the sums are the client's and the technician's",
    "pool_overrides": WITHHELD["pool_overrides"],
    "reviews": "what a technician asked, and was answered, is theirs",
    "disputes": "what was decided between two others is theirs",
    "threads": "who has read what stands beside the others of a conversation",
    "legal_holds": WITHHELD["legal_holds"],
    "idempotency_keys": "a request's answer, kept for a day to be repeated",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A kind of person: the list of what is held on them, and why something is withheld."""

    kind: str
    holdings: tuple[Holding, ...]
    withheld: Mapping[str, str]


TECHNICIANS = Held("technician", HOLDINGS, WITHHELD)
STAFF = Held("staff", OF_STAFF, WITHHELD_OF_STAFF)
