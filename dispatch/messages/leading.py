"""Where on a technician's phone is what a notice is about? The page that a tap on it opens."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatch.messages.occasions import BY_KEY, Group
from dispatch.messages.scene import Scene
from dispatch.record.tables.offers import LIVE_OFFERS

#: What is no offer, no work and no message, by the beginning of its occasion's key.
_BY_KEY = {
    "appeal_": "/record",
    "charged": "/money",
    "clearance_": "/proofs",
    "approved": "/money",
    "excuse_": "/record",
    "hours_": "/usage",
    "let_in_": "/proofs",
    "paper_": "/usage",
    "proof_": "/proofs",
    "removal_": "/proofs",
    "ratings_": "/record",
    "review_": "/record",
}
_BY_GROUP: dict[Group, str] = {"offers": "/offers", "money": "/money", "messages": "/messages"}


def page_of(occasion: str, scene: Scene, zone: ZoneInfo) -> str:
    """The page's path below the phone's own, days by the clock of its owner; today's where there is none of its own."""
    known = next((page for key, page in _BY_KEY.items() if occasion.startswith(key)), None)
    if known is not None:
        return known
    if scene.thread is not None:
        return f"/messages/job/{scene.thread.job_id}" if scene.thread.job_id else f"/messages/{scene.thread.id}"
    if scene.assignment is None and scene.offer is not None and scene.offer.state in LIVE_OFFERS:
        return f"/offers/{scene.offer.id}"
    return _visit(scene, zone) or (_BY_GROUP.get(BY_KEY[occasion].group, "/") if occasion in BY_KEY else "/")


def _visit(scene: Scene, zone: ZoneInfo) -> str | None:
    """Of whoever is on it, or was to the end."""
    assignment, visit = scene.assignment, scene.visit
    if assignment is not None:
        is_theirs = assignment.state in ("live", "finished")
        return _at(assignment.start_at, zone, assignment.visit_id) if is_theirs else None
    if visit is None or visit.planned_start_at is None or scene.offer is not None:
        return None
    return _at(visit.planned_start_at, zone, visit.id)


def _at(start: datetime, zone: ZoneInfo, visit_id: UUID) -> str:
    return f"/visits/{start.astimezone(zone).date()}/{visit_id}"
