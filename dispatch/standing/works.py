"""What work does a stored document ask for? The bridge from a template's document to a wish that can be posted.

A document is what posting takes, as plain JSON values, without number, site and time; it was checked by the same schema
when it was stored. Skills, pools and policies may have changed since: `post_job` checks them at each use.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.jobs.checklists import Item, check_items
from dispatch.jobs.cleared import Owner, cleared_from
from dispatch.jobs.reading import needs_from
from dispatch.jobs.wishes import JobWish, SlotWish, check_work
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow
from matching.job import Pay

_FIELDS = {each.name for each in fields(JobWish)} - {"slots", "deliverables", "cleared"}


def wish_of(
    document: Mapping[str, Any],
    *,
    number: str,
    site_id: UUID,
    start_at: datetime,
    end_at: datetime,
    source: Owner | None = None,
    **more: Any,
) -> JobWish:
    """The wish for this work at this site and time; its cleared texts are those of `source`.

    Raises
    ------
    BadInput
        When the window does not hold the work.
    """
    own = {name: value for name, value in document.items() if name in _FIELDS}
    minutes = own["duration_min"]
    if end_at - start_at < timedelta(minutes=minutes):
        raise BadInput(
            "window_min", (end_at - start_at).total_seconds() // 60, f"leave room for {minutes} minutes of work"
        )
    if own.get("asked_time") == "exact":
        end_at = start_at + timedelta(minutes=minutes)
    items = document.get("deliverables")
    return JobWish(
        **own,
        number=number,
        site_id=site_id,
        start_at=start_at,
        end_at=end_at,
        slots=tuple(_slot(each) for each in document["slots"]),
        cleared=cleared_from(document.get("cleared"), source),
        deliverables=None if items is None else tuple(Item(**each) for each in items),
        **more,
    )


def check_document(session: Session, actor: Actor, document: Mapping[str, Any], where: str, *, now: datetime) -> None:
    """Whether posting would take this work today. Runs as the application.

    Raises
    ------
    BadInput
        When it would not; the field begins with `where`.
    """
    end_at = now + timedelta(minutes=document["duration_min"])
    wish = wish_of(document, number="-", site_id=UUID(int=0), start_at=now, end_at=end_at)
    try:
        check_work(session, session.get_one(ClientRow, actor.client_id), wish)
        check_items(wish.deliverables or (), "deliverables")
    except BadInput as error:
        raise BadInput(f"{where}.{error.field}", error.value, error.way_out) from error


def _slot(document: Mapping[str, Any]) -> SlotWish:
    pay = document["pay"]
    return SlotWish(
        needs_from(document.get("needs", {})),
        Pay(pay.get("kind", "fixed"), Decimal(pay["amount"]), pay.get("currency", "USD")),
        document.get("role", "technician"),
        document.get("count", 1),
        document.get("is_lead"),
        document.get("is_observer", False),
    )
