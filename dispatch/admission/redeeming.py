"""Somebody comes with the code of an invitation: they are who was invited, and are let in. Once."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.admission.relations import move_admission
from dispatch.errors import NotFound
from dispatch.record.session import Actor
from dispatch.record.tables import AdmissionRow, TechnicianRow
from dispatch.talent.technicians import move_technician


def redeem(session: Session, actor: Actor, code: str, *, now: datetime) -> tuple[UUID, Actor]:
    """Accept the invitation of this code: the admission's id, and the actor as whom it was done.

    Whoever has the code read the invited person's mail: through a gateway that is proof enough, a technician must be
    the one who was invited. Somebody new to the network is active from now on.

    Raises
    ------
    NotFound
        No invitation has this code, or none any more, or it is another technician's; the three are not told apart.
    """
    found = session.execute(
        select(AdmissionRow.id, AdmissionRow.technician_id).where(
            AdmissionRow.code == code, AdmissionRow.state == "invited", AdmissionRow.code_until > now
        )
    ).one_or_none()
    if found is None or actor.technician_id not in (None, found.technician_id):
        raise NotFound("invitation", "of this code")
    them = replace(actor, technician_id=found.technician_id)
    # Two who come with one code wait for each other here; the second finds the invitation gone.
    state = session.scalar(
        select(TechnicianRow.state).where(TechnicianRow.id == found.technician_id).with_for_update(key_share=True)
    )
    still = select(AdmissionRow.id).where(AdmissionRow.id == found.id, AdmissionRow.code == code)
    if session.scalar(still) is None:
        raise NotFound("invitation", "of this code")
    if state == "invited":
        move_technician(session, them, found.technician_id, "activate", now=now)
    move_admission(session, them, found.id, "accept", now=now)
    return found.id, them
