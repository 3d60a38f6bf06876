"""Does it all work here? The main job is done once, for nobody, and taken back before anyone could see it.

The first time that a statement runs it is put together by us and looked up by the server; the first customers after
a start would wait for both. And what a schema of another version or a missing right breaks is heard of here first.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dispatch.index.roster import Roster
from dispatch.jobs.acceptance import Won, Yes, accept_offer
from dispatch.jobs.answers import counter_offer, decline_offer, note_too_late
from dispatch.jobs.changes import accept_counter
from dispatch.jobs.offers import offer_job
from dispatch.jobs.posting import post_job
from dispatch.jobs.rounds import due_rounds
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.record.session import ENGINE, Actor, act_as, database_now, transaction
from dispatch.record.tables import ClientRow, OfferRow, RoundRow, SiteRow, TechnicianRow, new_id
from dispatch.talent.reading import read_technicians
from geo.cells import cell_of
from matching.job import Needs, Pay

_log = logging.getLogger(__name__)

_NUM_TECHNICIANS = 4
_GATEWAY = Actor("gateway")
_PAY, _MORE = Pay("fixed", Decimal(100), "USD"), Pay("fixed", Decimal(110), "USD")
#: Let in for a moment: a rehearsal moves no money.
_LET_IN: dict[str, Any] = {
    "state": "approved",
    "pays_outside": True,
    "agreement": {
        "version": "rehearsal", "sha256": "0" * 64, "accepted_by": "nobody", "accepted_at": "2026-01-01T00:00:00+00:00"
    },
}  # fmt: skip
#: Null Island: far from everyone.
_LAT, _LNG = 0.0, 0.0


class _TakenBackError(Exception):
    """Ends the transaction without a trace."""


def rehearse(engine: Engine, num_connections: int = 1) -> bool:
    """Do the main job on so many connections at once, and take it back: whether all went well. Faults are logged."""
    with ThreadPoolExecutor(num_connections) as threads:
        return all(threads.map(_rehearse, [engine] * num_connections))


def _rehearse(engine: Engine) -> bool:
    try:
        with suppress(_TakenBackError), transaction(engine, ENGINE, role="engine") as session:
            _play(session)
            raise _TakenBackError
    except (SQLAlchemyError, AssertionError):
        _log.exception("the rehearsal failed: is the schema that of this version? (truckroll doctor)")
        return False
    return True


def _play(session: Session) -> None:
    now = database_now(session)
    staff, site_id, technicians = _cast(session, now)
    first, second, third = (_post(session, staff, site_id, f"{num}", now) for num in range(3))
    due_rounds(session, now=now)
    roster = Roster()
    roster.upsert(read_technicians(session, technicians, now=now))
    declines, takes, comes_late, *_ = _ask(session, roster, first, now)
    decline_offer(session, _GATEWAY, declines.id, "busy", now=now)
    answer = accept_offer(session, _GATEWAY, Yes(takes.id, takes.terms_version), now=now)
    assert isinstance(answer, Won), answer
    session.refresh(comes_late)
    note_too_late(session, _GATEWAY, comes_late, now=now)
    _ask(session, Roster(), second, now)  # nobody is there: it goes to the dispatcher's queue
    roster.upsert(read_technicians(session, technicians, now=now))
    counters, *_ = _ask(session, roster, third, now)
    counter_id = counter_offer(session, _GATEWAY, counters.id, pay=_MORE, start_at=None, reason="pay", note="", now=now)
    accept_counter(session, staff, counter_id, now=now)
    session.flush()


def _ask(session: Session, roster: Roster, job_id: UUID, now: datetime) -> Sequence[OfferRow]:
    round_id = session.scalars(select(RoundRow.id).where(RoundRow.job_id == job_id)).one()
    offer_job(session, roster, round_id, now=now, seed=0)
    return session.scalars(select(OfferRow).where(OfferRow.job_id == job_id).order_by(OfferRow.rank)).all()


def _post(session: Session, staff: Actor, site_id: UUID, number: str, now: datetime) -> UUID:
    wish = JobWish(
        number=number,
        site_id=site_id,
        title="Rehearsal",
        job_type="rehearsal",
        start_at=now + timedelta(days=2),
        end_at=now + timedelta(days=3),
        duration_min=60,
        slots=(SlotWish(Needs(), _PAY),),
    )
    act_as(session, staff)
    job_id, _ = post_job(session, staff, wish, now=now)
    act_as(session, ENGINE, role="engine")
    return job_id


def _cast(session: Session, now: datetime) -> tuple[Actor, UUID, list[UUID]]:
    """A client's dispatcher, a site, technicians who stand at its door."""
    client_id, site_id, technicians = new_id(), new_id(), [new_id() for _ in range(_NUM_TECHNICIANS)]
    here = {"lat": _LAT, "lng": _LNG, "cell": cell_of(_LAT, _LNG, 10), "time_zone": "UTC", "created_at": now}
    session.execute(insert(ClientRow).values(id=client_id, name=f"rehearsal {client_id}", created_at=now, **_LET_IN))
    session.execute(
        insert(SiteRow).values(
            id=site_id,
            client_id=client_id,
            store_number="rehearsal",
            name="Rehearsal",
            address="Null Island",
            town="Null Island",
            region="",
            postcode="",
            country="US",
            **here,
        )
    )
    session.execute(
        insert(TechnicianRow),
        [{"id": each, "number": f"rehearsal {each}", "name": "Rehearsal", **here} for each in technicians],
    )
    return Actor("dispatcher", client_id=client_id), site_id, technicians
