"""Who can look at the demo's faces? One person a role, each let in by a link that is good once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.demo.stage import Stage
from cli.operating import OPERATOR
from dispatch.record.session import database_now, transaction
from dispatch.signin.links import make_link, url_of
from dispatch.talent.clients import add_staff

_LASTS = timedelta(hours=12)
#: The first client's people; the operator's is there already, and technicians are by the thousand.
_STAFF = (
    ("client_admin", "Clara Whitfield", "clara@example.com"),
    ("requester", "Ruben Ortiz", "ruben@example.com"),
    ("dispatcher", "Rosa Marsh", "rosa@example.com"),
)
_OPERATOR = "olga@example.com"
#: Whoever has most before them, then whoever was asked most: their phone is not empty.
_BUSIEST = text("""
SELECT t.name, t.email FROM technicians t
LEFT JOIN assignments a ON a.technician_id = t.id AND a.state = 'live'
LEFT JOIN offers o ON o.technician_id = t.id
WHERE t.email IS NOT NULL AND t.state = 'active'
GROUP BY t.id ORDER BY count(DISTINCT a.id) DESC, count(DISTINCT o.id) DESC, t.id LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody as whom one can look."""

    role: str
    name: str
    link: str


def invite(there: Stage) -> list[Visitor]:
    """Links for one person of each role: the operator, three of the first client's staff, a technician with work."""
    with transaction(there.engine, OPERATOR, role="engine") as session:
        client, now = there.clients[0], database_now(session)
        for role, name, email in _STAFF:
            add_staff(session, OPERATOR, client.id, role, name, email, now=now)
        technician = session.execute(_BUSIEST).one()
        found = [("operator", "Olga Brandt", _OPERATOR)]
        found += [(role, f"{name}, {client.customer.name}", email) for role, name, email in _STAFF]
        found.append(("technician", technician.name, technician.email))
        return [Visitor(role, name, _link(session, there, email)) for role, name, email in found]


def _link(session: Session, there: Stage, email: str) -> str:
    token = make_link(session, OPERATOR, email, _LASTS, now=database_now(session))
    return url_of(there.base_url, token)
