"""A technician is to be screened: the order waits in the queue until the vendor has it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.queue import Errand, Try, enqueue
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import CredentialKindRow, CredentialRow, TechnicianRow, new_id
from dispatch.screening.protocol import Order, Screener
from dispatch.talent.credentials import REVIEW_WITHIN, Claim, insert_credential
from dispatch.talent.rights import hold_technician, only
from dispatch.talent.words import checked_code

QUEUE = "screening"
FAMILIES = ("background_check", "drug_screen")
#: How long a result counts whose vendor names no last day.
COUNTS_FOR = timedelta(days=730)


def order_screening(
    session: Session,
    actor: Actor,
    technician_id: UUID,
    kind: str,
    scope: Sequence[str],
    vendor: str,
    *,
    now: datetime,
) -> UUID:
    """Order a screening of a technician, who asks for it or has consented to the operator: the proof's id.

    Raises
    ------
    BadInput
        The kind is no screening of a vendor's, or nothing is to be searched.
    NotFound, Refused
        There is no such technician for this actor; the actor may not.
    """
    only(actor, "technician", "operator", doing="ordering a screening")
    hold_technician(session, actor, technician_id)
    row = session.get(CredentialKindRow, kind)
    if row is None or row.family not in FAMILIES:
        raise BadInput("kind", kind, f"name a kind of the families {' and '.join(FAMILIES)}")
    if not 1 <= len(scope) <= 50:
        raise BadInput("scope", list(scope), "name 1 to 50 searches by their codes")
    wanted = sorted({checked_code("scope", each) for each in scope})
    claim = Claim(kind, now.date(), now.date() + COUNTS_FOR)
    ref = str(new_id())
    credential_id = insert_credential(
        session,
        actor,
        technician_id,
        claim,
        state="submitted",
        facts={},
        told={"vendor": vendor},
        now=now,
        due_at=now + REVIEW_WITHIN * 3,
        vendor=vendor,
        vendor_ref=ref,
        vendor_seq=0,
    )
    args = {"credential": str(credential_id), "scope": wanted}
    enqueue(session, ERRAND.name, args, queue=QUEUE, lock=f"screening {credential_id}")
    return credential_id


def _hand_in(this_try: Try, *, credential: str, scope: list[str]) -> None:
    """Read who it is only now, and outside the transaction hand the order in; what fails is tried again."""
    screener: Screener | None = this_try.parts.get("screener")
    with transaction(this_try.engine, ENGINE, role="engine") as session:
        row = session.get(CredentialRow, UUID(credential))
        if row is None or row.state != "submitted" or row.vendor_ref is None:
            return
        person = session.get_one(TechnicianRow, row.technician_id)
        order = Order(row.vendor_ref, row.kind, tuple(scope), person.name, person.email)
    try:
        if screener is None:
            raise LookupError("no screening vendor is set up: set TRUCKROLL_SCREENING_URL")
        screener.order(order)
    except Exception:
        if this_try.is_last:
            _give_up(this_try, UUID(credential))
        raise


def _give_up(this_try: Try, credential_id: UUID) -> None:
    """The proof stays in the reviewer's queue, where a person sees that it is overdue."""
    with transaction(this_try.engine, ENGINE, role="engine") as session:
        now = database_now(session)
        told = {"why": "not_ordered"}
        record(session, ENGINE, ("credential", credential_id), "screened", told, client_id=None, now=now)


ERRAND = Errand("order_screening", QUEUE, _hand_in)
