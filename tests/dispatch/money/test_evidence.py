"""A file proves something about pay only if it is of that work, is kept, and can be opened by whoever names it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from purse import Purse
from sqlalchemy import create_engine, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.jobs.acceptance import Won
from dispatch.money.disputing import Dispute, Position, state_position
from dispatch.money.extras import ExtraWish, ask_extra
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, DisputeRow, FileRow, new_id
from dispatch.visits.completion import finish_job
from dispatch.visits.paying import dispute_pay

D = Decimal
PARKING = {"rates": {"extras": [{"code": "parking", "kind": "expense", "cap": "15.00"}]}}


def kept(purse: Purse, **whose: Any) -> UUID:
    """A photo that somebody sent; of nothing but the client unless said."""
    file_id = new_id()
    same = {
        "client_id": purse.client,
        "kind": "photo",
        "content_type": "image/jpeg",
        "num_bytes": 9,
        "sha256": "a" * 64,
    }
    row = {"id": file_id, "uploaded_by_kind": "staff"} | same | whose
    purse.does(lambda session, now: session.execute(insert(FileRow).values(received_at=now, **row)))
    return file_id


def test_only_kept_files_of_the_work_are_named_and_nothing_changes_where_one_is_not(purse: Purse):
    won, other = purse.assigned(day_policy=PARKING), purse.assigned()
    purse.worked(won, 2)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    good = kept(purse, job_id=won.job_id, visit_id=won.visit_id)
    now = purse.does(lambda _, now: now)
    wrong = {
        "of another job": [kept(purse, job_id=other.job_id)],
        "of no job": [kept(purse)],
        "of nobody": [new_id()],
        "erased": [kept(purse, job_id=won.job_id, erased_at=now)],
        "twice": [good, good],
    }

    def does(use_case: Callable[..., Any], *args: Any) -> Any:
        return purse.does(lambda session, now: use_case(session, *args, now=now))

    def refused(files: list[UUID], *named: str) -> None:
        """Neither side opens or states a dispute with these; the technician has no receipt among them."""
        for actor in (worker, purse.world.staff):
            wish = Dispute(payment.id, D("40.00"), "hours", Position(files=tuple(files)))
            with pytest.raises(BadInput, match=r"position\.files\[\d\]"):
                does(dispute_pay, actor, wish)
        if len(files) == 1:
            with pytest.raises(BadInput, match="file_id") as error:
                does(ask_extra, worker, payment.id, ExtraWish("parking", D("9.00"), files[0]))
            assert error.value.value == files[0]

    for files in wrong.values():
        refused(files)
    same = purse.payment(won)
    assert (same.state, same.version, same.extras) == ("held", payment.version + 1, []), "only what finishing changed"

    does(ask_extra, worker, payment.id, ExtraWish("parking", D("9.00"), good))
    assert purse.payment(won).extras[0]["file"] == str(good)
    made = does(dispute_pay, worker, Dispute(payment.id, D("40.00"), "hours", Position(files=(good,))))
    for files in wrong.values():
        with pytest.raises(BadInput, match=r"files\[\d\]"):
            does(state_position, purse.world.staff, made, Position(files=tuple(files)))
    does(state_position, purse.world.staff, made, Position(files=(good,)))
    said = purse.does(lambda session, _: session.get_one(DisputeRow, made)).positions
    assert {side: each["files"] for side, each in said.items()} == {"technician": [str(good)], "client": [str(good)]}


def lose(session: Session, won: Won, now: datetime) -> Any:
    """The work was taken from whoever had it."""
    ended = update(AssignmentRow).where(AssignmentRow.id == won.assignment_id).values(state="released", ended_at=now)
    return session.execute(ended)


def test_who_lost_the_work_names_no_file_of_it_and_a_named_one_is_not_erased_before_the_commit(
    purse: Purse, database_url: str
):
    won = purse.assigned(day_policy=PARKING)
    payment = purse.payment(won)
    worker = Actor("technician", payment.technician_id, technician_id=payment.technician_id)
    receipt = kept(purse, job_id=won.job_id)
    server = create_engine(database_url)

    def asks(session, now):
        ask_extra(session, worker, payment.id, ExtraWish("parking", D("9.00"), receipt), now=now)
        with server.connect() as other:
            other.execute(text("SET ROLE truckroll_engine"))
            with pytest.raises(OperationalError, match="lock"):
                other.execute(select(FileRow.id).where(FileRow.id == receipt).with_for_update(nowait=True))

    purse.does(asks)
    server.dispose()
    purse.does(lambda session, now: lose(session, won, now))
    with pytest.raises(BadInput, match="file_id"):
        purse.does(
            lambda session, now: ask_extra(
                session, worker, payment.id, ExtraWish("parking", D("1.00"), receipt), now=now
            )
        )
