"""What does every erasure do, whoever goes? Wait and say why, take rows by the list of what is held, note how far."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatch.privacy.asking import LATE, tell
from dispatch.privacy.blocking import Blocker
from dispatch.privacy.holdings import AT_ONCE, BY_ADDRESS, Held, Holding
from dispatch.record.session import ENGINE
from dispatch.record.tables import ErasureRow
from dispatch.visits.alarms import clear_alarms
from geo.cells import cell_of

#: What is in the way is looked at again so often, however far off its end is said to be.
_AGAIN = timedelta(days=1)


def hold_what_lets_in(session: Session, held: Held, person_id: UUID) -> None:
    """Whoever signs in holds their link or password, then their person; erasing takes them in the same order."""
    for holding in held.holdings:
        if holding.table in BY_ADDRESS:
            rows = text(f"SELECT FROM {holding.table} WHERE {holding.whose} FOR UPDATE")
            session.execute(rows, {"t": person_id})


def postpone(session: Session, erasure: ErasureRow, blockers: list[Blocker], now: datetime) -> None:
    """Look again when what is in the way is said to end, tomorrow at the latest; told when it is something else."""
    ends = [each.until for each in blockers if each.until is not None and each.until > now]
    erasure.next_at = min([*ends, now + _AGAIN])
    found = [each.to_document() for each in blockers]
    is_new = {each["code"] for each in found} != {each["code"] for each in erasure.blocked_by}
    erasure.blocked_by = found
    session.flush()
    if is_new:
        tell(session, ENGINE, erasure, "erasure_postponed", {"blocked_by": found}, now)


def erase_at_once(session: Session, held: Held, person_id: UUID) -> None:
    """What lets them in, and what they are called."""
    for holding in held.holdings:
        if holding.table in AT_ONCE:
            _erase(session, holding, person_id)


def erase_the_rest(session: Session, held: Held, erasure: ErasureRow, person_id: UUID, now: datetime) -> None:
    """The other rows, and it is done."""
    num = sum(_erase(session, each, person_id) for each in held.holdings if each.table not in AT_ONCE)
    note(session, erasure, {"num_rows": num}, None)
    erasure.state, erasure.done_at = "done", now
    session.flush()
    told = {name: erasure.progress[name] for name in ("num_files", "num_rows")}
    tell(session, ENGINE, erasure, "erasure_done", told, now)
    clear_alarms(session, ENGINE, (LATE,), why="done", now=now, subject_id=erasure.id)


def note(session: Session, erasure: ErasureRow, progress: Mapping[str, int], next_at: datetime | None) -> None:
    """How far it is; nothing is in the way any more."""
    erasure.progress = {**erasure.progress, **progress}
    erasure.blocked_by = []
    erasure.next_at = next_at


def _erase(session: Session, holding: Holding, person_id: UUID) -> int:
    """How many rows it met."""
    if holding.by:
        num: int = session.execute(text(f"SELECT {holding.by}(:t)"), {"t": person_id}).scalar_one()
        return num
    if holding.goes:
        statement = f"DELETE FROM {holding.table} WHERE {holding.whose}"
    elif holding.erased:
        changes = ", ".join(f"{column} = {value}" for column, value in holding.erased.items())
        statement = f"UPDATE {holding.table} SET {changes} WHERE {holding.whose}"
    else:
        return 0
    values: Mapping[str, Any] = {"t": person_id}
    if ":nowhere" in statement:
        values = {**values, "nowhere": cell_of(0.0, 0.0)}
    # Names and expressions are the list's own; nothing of them comes from outside.
    return int(session.execute(text(statement), values).rowcount)  # type: ignore[attr-defined]
