"""What kept technicians from each client's work, and who is near its limits? Counted from the stored decisions.

The pairs are read where the client's own people read them: over HTTP, in colours.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.demo.customers import Client
from cli.demo.stage import Stage
from matching.eligibility import Rule, judge
from matching.inputs import decode

#: The first decision about each job: everybody in reach is in it.
_FIRST = text("""
SELECT DISTINCT ON (d.job_id) d.inputs FROM decisions d WHERE d.client_id = :client ORDER BY d.job_id, d.decided_at
""")
_JOBS = text("""
SELECT count(*) AS jobs, count(*) FILTER (WHERE state <> 'unfilled') AS filled FROM jobs
WHERE client_id = :client AND posted_at IS NOT NULL
""")


def accounts(there: Stage) -> list[dict[str, Any]]:
    """What there is to say of each client, in their order."""
    with there.reading() as session:
        counted = [_counted(session, client) for client in there.clients]
    return [
        {"name": client.customer.name, **figures, **_levels(there, client)}
        for client, figures in zip(there.clients, counted, strict=True)
    ]


def _counted(session: Session, client: Client) -> dict[str, Any]:
    """Technicians, each counted once, who were in reach of some job, might do one, and failed a rule for one."""
    in_reach, may, removed = set[bytes](), set[bytes](), defaultdict[Rule, set[bytes]](set)
    for inputs in map(decode, session.scalars(_FIRST, {"client": client.id})):
        words = judge(inputs.job, inputs.candidates, inputs.policy)
        ids = inputs.candidates.ids
        in_reach.update(ids.tolist())
        may.update(ids[words == 0].tolist())
        for rule in Rule:
            removed[rule].update(ids[words & rule.bit != 0].tolist())
    by_rule = {rule.code: len(removed[rule]) for rule in Rule if removed[rule]}
    jobs = dict(session.execute(_JOBS, {"client": client.id}).mappings().one())
    return {**jobs, "in_reach": len(in_reach), "may": len(may), "removed_by_rule": by_rule}


def _levels(there: Stage, client: Client) -> dict[str, Any]:
    """How many the client reads as green, amber and red; of the last two who, under which limit, with the words."""
    pairs: dict[str, list[dict[str, Any]]] = {"green": [], "amber": [], "red": []}
    for each in _technicians(there, client):
        pairs[each["level"]].append(each)
    near = [_near(each, level) for level in ("red", "amber") for each in pairs[level]]
    return {**{level: len(found) for level, found in pairs.items()}, "near_a_limit": near}


def _near(each: dict[str, Any], level: str) -> dict[str, Any]:
    limit = next(standing for standing in each["standings"] if standing["level"] == level)
    said = {"technician": each["technician_name"], "level": level, "limit": limit["title"]}
    return {**said, "binding": limit["binding"], "text": limit["text"], "do": [way["code"] for way in limit["ways_on"]]}


def _technicians(there: Stage, client: Client) -> Iterator[dict[str, Any]]:
    headers, cursor = {"Authorization": f"Bearer {client.staff_key}"}, None
    with httpx2.Client(base_url=there.base_url, headers=headers, timeout=30.0) as http:
        while True:
            query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = http.get(f"/v1/clients/{client.id}/usage", params=query).raise_for_status().json()
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return
