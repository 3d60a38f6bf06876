"""Which rules of law and habit does this installation know, and what changed from version to version?"""

from collections.abc import Sequence
from datetime import UTC, date
from itertools import groupby, pairwise
from typing import Any

from fastapi import APIRouter, Request

from api.auth import Operator
from api.parts import reading
from api.schemas.audits import FieldChange, PackVersion, RulePackOut, RulePacksOut
from dispatch.record.session import database_now
from dispatch.talent.packfiles import known_packs
from matching.packs import Pack

router = APIRouter(prefix="/v1", tags=["usage"])

#: What a version may say otherwise than the one before.
_COMPARED = (
    "title", "kind", "jurisdiction", "source", "guidance", "guidance_es", "binding", "ways_on", "engagements",
    "is_custom", "amber",
)  # fmt: skip


@router.get("/rule-packs", response_model=RulePacksOut, summary="List packs of limits with their versions")
def list_rule_packs(request: Request, actor: Operator) -> RulePacksOut:
    """Each version with what differs from the one before; which pairs a change would touch: `truckroll packs diff`."""
    with reading(request, actor) as session:
        today = database_now(session).astimezone(UTC).date()
    by_id = groupby(sorted(known_packs(), key=lambda each: (each.id, each.version)), key=lambda each: each.id)
    return RulePacksOut(items=[_show(list(versions), today) for _, versions in by_id])


def _show(versions: Sequence[Pack], today: date) -> RulePackOut:
    told = next((each for each in versions if each.holds_on(today)), versions[-1])
    changes = [[], *(_changes(before, after) for before, after in pairwise(versions))]
    same = {name: getattr(told, name) for name in RulePackOut.model_fields if name not in ("thresholds", "versions")}
    shown = [
        PackVersion(
            version=each.version,
            valid_from=each.valid_from,
            valid_to=each.valid_to,
            is_current=each.holds_on(today),
            changes=changed,
        )
        for each, changed in zip(versions, changes, strict=True)
    ]
    return RulePackOut(**same, thresholds=dict(told.thresholds), versions=shown[::-1])


def _changes(before: Pack, after: Pack) -> list[FieldChange]:
    pairs: dict[str, tuple[Any, Any]] = {name: (getattr(before, name), getattr(after, name)) for name in _COMPARED}
    for name in sorted(before.thresholds.keys() | after.thresholds.keys()):
        pairs[f"thresholds.{name}"] = (before.thresholds.get(name), after.thresholds.get(name))
    return [FieldChange(field=name, before=was, after=now) for name, (was, now) in pairs.items() if was != now]
