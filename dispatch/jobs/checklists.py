"""What must be handed in with the work? Items of a checklist; a client's templates; the copy that a job keeps."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import DeliverableTemplateRow, new_id
from dispatch.record.tables.evidence import ITEM_KINDS

MAX_ITEMS = 50
#: How often one item may be asked for; a serial number, for as many devices as a job may pay for.
_MOST_COPIES, MOST_DEVICES = 50, 10_000
#: In a pattern `#` stands for a digit, `@` for a letter, `?` for either; all else for itself. No more than that: a
#: regular expression that a client wrote could keep a process busy for ever.
_STANDS_FOR = {"#": "[0-9]", "@": "[A-Za-z]", "?": "[A-Za-z0-9]"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to hand in. `per` visit: on each that was completed; `low` to `high` is what a reading should show.

    `enough`: of one that is required, how many the work is not done without; None: all `min_count` of them.
    """

    code: str
    kind: str
    label: str
    is_required: bool = True
    min_count: int = 1
    per: str = "job"
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    enough: int | None = None

    def matches(self, written: str) -> bool:
        """Whether a serial number has the pattern's form; without a pattern any has."""
        if self.pattern is None:
            return True
        expression = "".join(_STANDS_FOR.get(each) or re.escape(each) for each in self.pattern)
        return re.fullmatch(expression, written) is not None

    def is_within(self, number: float) -> bool:
        """Whether a reading is what it should show."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


def items_of(documents: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """The items of a stored checklist."""
    return tuple(Item(**document) for document in documents)


def documents_of(items: Sequence[Item]) -> list[dict[str, Any]]:
    """The same the other way round."""
    return [asdict(item) for item in items]


def check_items(items: Sequence[Item], where: str = "items") -> None:
    """Raise BadInput where a checklist makes no sense: it names the item and the way out."""
    if len(items) > MAX_ITEMS:
        raise BadInput(where, len(items), f"ask for at most {MAX_ITEMS} items")
    seen: set[str] = set()
    for num, item in enumerate(items):
        if item.code in seen:
            raise BadInput(f"{where}[{num}].code", item.code, "give each item a code of its own")
        seen.add(item.code)
        _check_item(item, f"{where}[{num}]")


def make_template(session: Session, actor: Actor, job_type: str, items: Sequence[Item], *, now: datetime) -> UUID:
    """The client's checklist for a type of job, as a new version: its id. Jobs that were posted keep theirs.

    Runs as the engine. Without items, jobs of this type have no checklist from now on.

    Raises
    ------
    BadInput
        When the checklist makes no sense.
    """
    assert actor.client_id is not None, "templates are a client's"
    check_items(items)
    mine = DeliverableTemplateRow.client_id == actor.client_id, DeliverableTemplateRow.job_type == job_type
    newest = session.scalar(select(func.max(DeliverableTemplateRow.version)).where(*mine)) or 0
    template_id = new_id()
    session.execute(
        insert(DeliverableTemplateRow).values(
            id=template_id,
            client_id=actor.client_id,
            job_type=job_type,
            version=newest + 1,
            items=documents_of(items),
            made_at=now,
        )
    )
    told = {"template": str(template_id), "version": newest + 1, "num_items": len(items)}
    subject = ("client", actor.client_id)
    record(session, actor, subject, "checklist_made", told, client_id=actor.client_id, now=now)
    return template_id


def checklist_for(
    session: Session, client_id: UUID, job_type: str, named: Sequence[Item] | None
) -> list[dict[str, Any]]:
    """What a new job asks for: what was named with it, else the newest template of its type.

    Raises
    ------
    BadInput
        When what was named makes no sense.
    """
    if named is not None:
        check_items(named, "deliverables")
        return documents_of(named)
    newest = session.scalar(
        select(DeliverableTemplateRow.items)
        .where(DeliverableTemplateRow.client_id == client_id, DeliverableTemplateRow.job_type == job_type)
        .order_by(DeliverableTemplateRow.version.desc())
        .limit(1)
    )
    return newest or []


def _check_item(item: Item, where: str) -> None:
    if item.kind not in ITEM_KINDS:
        raise BadInput(f"{where}.kind", item.kind, f"one of {', '.join(ITEM_KINDS)}")
    most = MOST_DEVICES if item.kind == "serial" else _MOST_COPIES
    if not 1 <= item.min_count <= most:
        raise BadInput(f"{where}.min_count", item.min_count, f"ask for 1 to {most}")
    is_reading = item.kind == "reading"
    if not is_reading and (item.unit, item.low, item.high) != (None, None, None):
        raise BadInput(f"{where}.unit", item.unit, "leave unit, low and high to readings")
    if any(each is not None and not isfinite(each) for each in (item.low, item.high)):
        raise BadInput(f"{where}.low", item.low, "give finite numbers")
    if item.low is not None and item.high is not None and item.low > item.high:
        raise BadInput(f"{where}.low", item.low, f"give at most the high of {item.high}")
    if item.pattern is not None and item.kind not in ("serial", "release_code"):
        raise BadInput(f"{where}.pattern", item.pattern, "leave patterns to serial numbers and release codes")
