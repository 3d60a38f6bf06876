"""Who may read which field of a job, its site, its visits and documents? The one table, and the rule of clearances.

A class says from when on somebody who is to do the work sees a field; the client's own staff see all of them, save the
cleared texts, which only those with the right read:

- ``offer``: when they are asked, or look at open work that they may ask for;
- ``assigned``: once the work is theirs;
- ``cleared``: once the work is theirs, and only while they hold every kind of credential that the client names for it;
- ``own``: never, it is the client's.

`docs/disclosure.md` is this table; a test writes it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from matching.proof import NEVER, kind_of

FieldClass = Literal["offer", "assigned", "cleared", "own"]

_OFFER = (
    "job.title", "job.description", "job.job_type", "job.mode", "job.bundle", "job.cancellation_terms",
    "slot.role", "slot.needs", "slot.pay", "slot.is_observer",
    "visit.window", "visit.duration_min",
    "site.town", "site.region", "site.country", "site.time_zone", "site.cell", "site.on_the_day",
)  # fmt: skip
_ASSIGNED = (
    "site.site_id", "site.store_number", "site.name", "site.address", "site.postcode", "site.lat_lng", "site.access",
    "site.parking", "site.contact_name", "site.contact_phone", "site.contacts", "site.hazards", "site.geofence_m",
    "document.file", "visit.outcome_note", "visit.evidence", "visit.travel", "job.sent_back", "job.cleared_names",
)  # fmt: skip
_CLEARED = ("job.cleared_texts",)
_OWN = (
    "job.purchase_order",
    "job.project",
    "job.budget",
    "job.policy",
    "job.day_policy",
    "job.unfilled",
    "job.promise",
)

#: Field -> its class, unless the client chose another.
FIELDS: Mapping[str, FieldClass] = MappingProxyType(
    {
        **dict.fromkeys(_OFFER, "offer"),
        **dict.fromkeys(_ASSIGNED, "assigned"),
        **dict.fromkeys(_CLEARED, "cleared"),
        **dict.fromkeys(_OWN, "own"),
    }
)

#: Free fields whose class a client chooses job by job, and from which; `job.cleared_texts` is always there beside them.
CHOOSABLE: Mapping[str, tuple[FieldClass, ...]] = MappingProxyType({"job.description": ("offer", "assigned")})

#: Which members of a client's staff read its cleared texts; whoever only posts work writes them and reads none.
STAFF_WHO_READ = ("client_admin", "dispatcher")


def class_of(field: str, chosen: Mapping[str, str] = MappingProxyType({})) -> FieldClass:
    """The class of a field, by the client's choice (`jobs.disclosure`) where it has one."""
    default = FIELDS[field]
    own = chosen.get(field.partition(".")[2])
    return next((each for each in CHOOSABLE.get(field, ()) if each == own), default)


def is_shown(field: str, *, is_assigned: bool, chosen: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Whether somebody who is asked for the work, or has it, sees a field; cleared ones never by this."""
    found = class_of(field, chosen)
    return found == "offer" or (found == "assigned" and is_assigned)


def lacking(needed: Iterable[str], held: Mapping[str, int], day: int) -> tuple[str, ...]:
    """Kinds of credential that are needed (by key, see `matching.proof`) and not held on this day (ordinal)."""
    return tuple(sorted({kind_of(key) for key in needed if held.get(key, NEVER) < day}))
