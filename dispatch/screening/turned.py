"""Which screenings count, and yet their vendor says something adverse since, which nobody has looked at?

Nothing becomes of such a screening by itself: it waits in the reviewers' queue until a person gives notice of a removal
(`dispatch/visits/removals.py`), or the vendor takes its word back.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select

from dispatch.record.tables import CredentialRow, EventRow, RemovalRow, TechnicianRow
from dispatch.record.tables.proofs import ENDED_REMOVALS
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import REVIEW_WITHIN


def has_turned() -> ColumnElement[bool]:
    """Whether a proof of the statement around has turned adverse after it was verified, and waits for a person.

    A removal over it that goes on, or that a person has ended since, is such a look; so is a person's own word that
    the proof is genuine. Of somebody who has left there is nothing to decide.
    """
    is_in_hand = exists().where(
        RemovalRow.credential_id == CredentialRow.id,
        or_(RemovalRow.state.not_in(ENDED_REMOVALS), RemovalRow.ended_at >= _said_at()),
    )
    has_left = exists().where(
        TechnicianRow.id == CredentialRow.technician_id, TechnicianRow.state.in_(("left", "erased"))
    )
    return and_(
        CredentialRow.vendor.is_not(None),
        CredentialRow.state.in_(LIVE_PROOFS),
        CredentialRow.facts["result"].astext == "adverse",
        _said_at() > CredentialRow.verified_at,
        ~is_in_hand,
        ~has_left,
    )


def look_by() -> ColumnElement[datetime]:
    """By when a person is to look at a proof: when it is due, or as long after the adverse word as after a new one."""
    return func.coalesce(CredentialRow.due_at, _said_at() + REVIEW_WITHIN)


def _said_at() -> ScalarSelect[datetime]:
    """When the vendor last said something that only a person can make something of."""
    return (
        select(func.max(EventRow.at))
        .where(
            EventRow.subject_kind == "credential", EventRow.subject_id == CredentialRow.id, EventRow.kind == "screened"
        )
        .correlate(CredentialRow)
        .scalar_subquery()
    )
