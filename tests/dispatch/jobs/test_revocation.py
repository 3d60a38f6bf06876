"""A proof that is taken back while its holder says yes: one of the two comes first, and neither waits in vain."""

from datetime import date, timedelta
from functools import partial
from uuid import UUID

from racing import race
from sqlalchemy import insert, select, update
from worlds import World

from dispatch.jobs.acceptance import Answer, Lost, Won, accept_offer
from dispatch.record.tables import AssignmentRow, CredentialRow, OfferRow, new_id
from matching.job import Needs


def prove(world: World, technician: UUID) -> UUID:
    credential = new_id()
    with world.as_engine() as (session, now):
        session.execute(
            insert(CredentialRow).values(
                id=credential,
                technician_id=technician,
                kind="background_check",
                state="verified",
                valid_from=date(2020, 1, 1),
                valid_until=date(2099, 1, 1),
                verified_at=now,
                created_at=now,
            )
        )
    return credential


def test_a_revocation_that_locks_the_proof_before_the_person_never_deadlocks_with_a_yes(world: World) -> None:
    """Statements by hand need not lock the technician first: the trigger does it after the proof is changed."""
    technician = world.technicians[0]
    credential = prove(world, technician)
    needs = Needs(skills={"hvac": 2}, credentials=("background_check",))

    def answered(offer: OfferRow) -> Answer:
        with world.as_engine() as (session, now):
            return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)

    def set_state(state: str) -> None:
        with world.as_engine() as (session, now):
            revoked_at = now if state == "revoked" else None
            session.execute(
                update(CredentialRow).where(CredentialRow.id == credential).values(state=state, revoked_at=revoked_at)
            )

    for day in range(12):
        set_state("verified")
        (offer,) = world.offered(needs=needs, start_at=world.start + timedelta(days=day))
        answer, _ = race([partial(answered, offer), partial(set_state, "revoked")])
        with world.as_engine() as (session, _):
            rows = session.scalars(
                select(AssignmentRow.technician_id).where(AssignmentRow.job_id == offer.job_id)
            ).all()
        if isinstance(answer, Won):
            assert rows == [technician]
        else:
            assert isinstance(answer, Lost)
            assert (answer.code, answer.rules, rows) == ("not_eligible", ("credential",), [])
        again = answered(offer)
        assert isinstance(again, Lost)
        assert again.code == ("already_yours" if isinstance(answer, Won) else "not_eligible")
