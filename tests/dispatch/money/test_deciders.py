"""Every dispute has a person of the operator's who decides it: another may be named, and leaving hands it on."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from purse import Purse
from racing import race
from sqlalchemy import insert, select

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.acceptance import Won
from dispatch.money.deciders import Naming
from dispatch.money.disputing import Dispute, Position
from dispatch.privacy.leaving import let_staff_go
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, DisputeRow, EventRow, StaffRow, new_id
from dispatch.visits.completion import finish_job
from dispatch.visits.paying import decide_dispute, dispute_pay, name_another_decider, watch_disputes

D = Decimal


def hired(purse: Purse, client_id: UUID | None = None) -> UUID:
    """A person of the operator's, or of a client's, who came just now."""
    person = new_id()
    role = "operator" if client_id is None else "client_admin"
    row = {"id": person, "client_id": client_id, "role": role, "name": "Ned", "email": f"{person}@example.org"}
    purse.does(lambda session, now: session.execute(insert(StaffRow).values(created_at=now, **row)))
    return person


def done(purse: Purse) -> Won:
    won = purse.assigned()
    purse.worked(won, 2)
    technician = purse.payment(won).technician_id
    worker = Actor("technician", technician, technician_id=technician)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    return won


def disputed(purse: Purse, won: Won) -> UUID:
    """The client disputes 40 of it; the operator's Olga is to decide."""
    wish = Dispute(purse.payment(won).id, D("40.00"), "hours", Position())
    return purse.does(lambda session, now: dispute_pay(session, purse.world.staff, wish, now=now))


def read(purse: Purse, dispute: UUID) -> DisputeRow:
    return purse.does(lambda session, _: session.get_one(DisputeRow, dispute))


def names(purse: Purse, actor: Actor, dispute: UUID, wish: Naming) -> None:
    purse.does(lambda session, now: name_another_decider(session, actor, dispute, wish, now=now))


def test_another_person_is_named_with_a_reason_by_the_same_day_or_a_new_one(purse: Purse):
    dispute = disputed(purse, done(purse))
    ned, ours, before = hired(purse), hired(purse, purse.client), read(purse, dispute)
    admin = Actor("client_admin", ours, client_id=purse.client)
    now, last = purse.does(lambda _, now: now), before.opened_at + timedelta(days=90)
    for actor, wish, error in (
        (purse.world.staff, Naming(ned, "away"), Refused),
        (admin, Naming(ned, "away"), Refused),
        (purse.operator, Naming(ours, "away"), BadInput),
        (purse.operator, Naming(before.decider_id, "away"), BadInput),
        (purse.operator, Naming(ned, "Ned is ill"), BadInput),
        (purse.operator, Naming(ned, "away", now - timedelta(seconds=1)), BadInput),
        (purse.operator, Naming(ned, "away", last + timedelta(seconds=1)), BadInput),
    ):
        with pytest.raises(error):
            names(purse, actor, dispute, wish)
    with pytest.raises(NotFound):
        names(purse, purse.operator, new_id(), Naming(ned, "away"))
    names(purse, purse.operator, dispute, Naming(None, "away"))
    after = read(purse, dispute)
    assert (after.decider_id, after.decide_by) == (ned, before.decide_by)
    with pytest.raises(Refused):
        purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D(1), "", now=now))

    assert purse.does(lambda session, _: watch_disputes(session, before.decide_by)) == 1
    names(purse, purse.operator, dispute, Naming(purse.operator.id, "involved", now + timedelta(days=9)))
    after = read(purse, dispute)
    assert (after.decider_id, after.decide_by, after.is_late) == (purse.operator.id, now + timedelta(days=9), False)
    is_open = select(AlarmRow.id).where(AlarmRow.kind == "dispute_late", AlarmRow.cleared_at.is_(None))
    assert purse.does(lambda session, _: session.scalars(is_open).all()) == []
    told = select(EventRow.data).where(EventRow.kind == "decider_named").order_by(EventRow.seq)
    assert [(each["before"], each["staff"], each["reason"]) for each in purse.does(
        lambda session, _: session.scalars(told).all()
    )] == [(str(purse.operator.id), str(ned), "away"), (str(ned), str(purse.operator.id), "involved")]  # fmt: skip
    purse.does(lambda session, now: decide_dispute(session, purse.operator, dispute, D(1), "", now=now))
    with pytest.raises(Conflict):
        names(purse, purse.operator, dispute, Naming(ned, "workload"))


def test_who_leaves_hands_on_what_waits_for_them_and_does_not_leave_it_to_nobody(purse: Purse):
    olga = purse.operator.id
    dispute = disputed(purse, done(purse))

    def leaves() -> None:
        purse.does(lambda session, now: let_staff_go(session, purse.operator, olga, now=now))

    with pytest.raises(Refused, match="name another operator first"):
        leaves()
    assert read(purse, dispute).decider_id == olga
    ned = hired(purse)
    leaves()
    assert read(purse, dispute).decider_id == ned
    assert purse.does(lambda session, _: session.get_one(StaffRow, olga)).left_at is not None


def test_a_dispute_opened_as_its_person_leaves_is_somebodys_who_is_there(purse: Purse):
    ned, won = hired(purse), done(purse)
    race([
        lambda: disputed(purse, won),
        lambda: purse.does(lambda session, now: let_staff_go(session, purse.operator, purse.operator.id, now=now)),
    ])  # fmt: skip
    found = purse.does(lambda session, _: session.scalars(select(DisputeRow.decider_id)).all())
    assert found in ([], [ned])


def test_one_person_decides_what_both_sides_dispute_of_a_payment(purse: Purse):
    ned, won = hired(purse), done(purse)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    theirs = Dispute(payment.id, D("40.00"), "hours", Position())
    first = purse.does(lambda session, now: dispute_pay(session, worker, theirs, now=now))
    names(purse, purse.operator, first, Naming(ned, "involved"))
    second = disputed(purse, won)
    assert (first != second, read(purse, second).decider_id) == (True, ned), "not whoever has been there longest"
