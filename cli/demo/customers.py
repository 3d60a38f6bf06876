"""Who are the clients, and what does each ask? Three that differ: whom they ask, what they want proved, their limits.

They are set up by the same use cases as any client, before the first job comes. All three are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.operating import OPERATOR
from dispatch.money.funds import move_funds, set_rules
from dispatch.record.tables import PoolRow
from dispatch.talent.askings import set_proof_policy
from dispatch.talent.clients import create_client
from dispatch.talent.keys import create_key
from dispatch.talent.limits import set_limits
from dispatch.talent.membership import sweep_memberships
from dispatch.talent.pools import create_pool
from dispatch.talent.requirements import set_requirements

#: Waves of seconds, about 30 asked a job: people answer the demo faster than people do.
POLICY = {"wave": {"min_size": 52, "max_size": 60, "max_waves": 3, "answer_s": 4.0, "urgent_answer_s": 4.0}}

#: The duty hears of an alarm at once, for a demo has no quarter of an hour; whoever loses a proof loses the work.
DAY_POLICY = {
    "escalation": {"steps": [{"after_min": 0, "whom": "duty"}]},
    "proofs": {"on_lapse": "withdraw"},
}

#: What somebody did for a client before: `weekdays` of eight hours up to yesterday, or a day in each of `months`.
Past = tuple[Literal["weekdays", "months"], int]


@dataclass(frozen=True, slots=True)
class Customer:
    """A client as it is made up: every job of its needs `credentials` too, and asks the members of `pool` alone.

    Without a pool the whole market is asked. A pool with `requirements` is open to all who meet them; one without has
    whom the client brought along. `past` are earlier engagements, one after the other.
    """

    name: str
    pool: str | None = None
    requirements: Mapping[str, Any] | None = None
    credentials: tuple[str, ...] = ()
    proofs: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    past: tuple[Past, ...] = ()


CUSTOMERS = (
    Customer(
        "Lone Star Service (demo)",
        proofs={"general_liability": {"slack_days": 30}},
        past=(("weekdays", 127), ("weekdays", 104), ("weekdays", 30)),
    ),
    Customer(
        "Harborlight Bank (demo)",
        pool="Branch crew",
        requirements={"skills": {"computer_hardware": 1}, "credentials": ["background_check", "nda"]},
        credentials=("background_check", "nda"),
        proofs={"background_check": {"slack_days": 14}},
        limits={"own": [{"id": "half-year", "hours": 160, "window_months": 6, "binding": "hard"}]},
        past=(("weekdays", 21), ("weekdays", 18), ("weekdays", 5)),
    ),
    Customer(
        "Pinecrest Clinics (demo)",
        pool="Clinic rounds",
        credentials=("general_liability",),
        limits={"packs": {"tenure-12-in-18": "hard", "us-erisa-1000-hours": "hard"}},
        past=(("months", 12), ("months", 10), ("months", 3)),
    ),
)

#: Which client each of ten sites is of: the first has most of the work.
_TURNS = (0, 0, 1, 0, 2, 0, 0, 1, 0, 0)

#: A tenth is the network's fee; what is approved is due at once.
_MONEY = {"fee_share": "0.10", "pay_after_days": 0}
#: Which text each accepted, made up as they are.
_AGREEMENT = {"version": "demo-1", "sha256": sha256(b"demo").hexdigest(), "accepted_by": "Demo Client"}


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the demo as the record has it; `staff_key` is its dispatcher's."""

    id: UUID
    customer: Customer
    staff_key: str
    pool_id: UUID | None

    def needs(self, needs: Mapping[str, Any]) -> dict[str, Any]:
        """What a slot of this client's jobs needs, in whose pools."""
        credentials = sorted({*needs["credentials"], *self.customer.credentials})
        whom = {"market": True} if self.pool_id is None else {"market": False, "pools": [str(self.pool_id)]}
        return {**needs, "credentials": credentials, **whom}


def place_of(site: int) -> int:
    """Whose the site of this number is, as a place among the clients."""
    return _TURNS[site % len(_TURNS)]


def set_up(session: Session, now: datetime) -> tuple[Client, ...]:
    """Make the clients with all that they ask and the money that they have. Runs as the engine."""
    return tuple(_set_up(session, each, now) for each in CUSTOMERS)


def fill_pools(session: Session, now: datetime) -> bool:
    """Let the next of the technicians into the pools whose requirements they meet: whether all were looked at."""
    sweep_memberships(session, now)
    left = select(PoolRow.id).where(PoolRow.requirements.is_not(None), PoolRow.judged_on.is_(None))
    return session.scalars(left.limit(1)).first() is None


def _set_up(session: Session, customer: Customer, now: datetime) -> Client:
    standing = {"credit_limit": Decimal(50_000), "agreement": _AGREEMENT | {"accepted_at": now}}
    client_id = create_client(
        session, OPERATOR, customer.name, policy=POLICY, day_policy=DAY_POLICY, standing=standing, now=now
    )
    set_proof_policy(session, OPERATOR, client_id, customer.proofs, now=now)
    set_limits(session, OPERATOR, client_id, dict(customer.limits), now=now)
    set_rules(session, OPERATOR, client_id, _MONEY, now=now)
    move_funds(session, OPERATOR, client_id, Decimal(25_000), now=now)
    pool_id = None
    if customer.pool is not None:
        pool_id = create_pool(session, OPERATOR, client_id, customer.pool, now=now)
        if customer.requirements is not None:
            set_requirements(session, OPERATOR, pool_id, customer.requirements, now=now)
    key = create_key(session, OPERATOR, role="dispatcher", label="demo staff", client_id=client_id, now=now)
    return Client(client_id, customer, key.secret, pool_id)
