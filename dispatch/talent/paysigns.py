"""What was agreed and signed between technicians and clients, and which signs of pay does it give?"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    CredentialKindRow,
    CredentialRow,
    JobRow,
    SiteRow,
    SlotRow,
)
from dispatch.record.tables.talent import LIVE_PROOFS
from matching.packs import Binding, Pack
from matching.proof import Proof, last_day, read_requirements
from matching.signs import ONLY_OWN, Agreed, Signed, signs
from matching.standing import Standing

#: What a client goes by with somebody.
InForce = Sequence[tuple[Pack, Binding]]


class PaySigns:
    """The signs of pay of several technicians, read in two statements. Runs as the engine.

    `for_client` leaves out what would tell a client of others.
    """

    def __init__(self, session: Session, technicians: Collection[UUID], *, for_client: bool) -> None:
        self._agreed = agreed_with(session, technicians)
        self._signed = signed_with(session, technicians)
        self._for_client = for_client

    def of(self, client: ClientRow, technician_id: UUID, in_force: InForce, today: date) -> tuple[Standing, ...]:
        """How a technician stands with a client under what counts pay."""
        told = [(pack, binding) for pack, binding in in_force if not (self._for_client and pack.kind in ONLY_OWN)]
        asked = read_requirements(client.proof_policy, client.id)
        signed = [
            Signed(proof.kind, since, last_day(proof, asked[proof.kind]))
            for proof, since in self._signed.get(technician_id, ())
            if proof.client_id == client.id and proof.kind in asked
        ]
        return signs(self._agreed.get(technician_id, ()), client.id, told, today.toordinal(), signed)


def agreed_with(session: Session, technicians: Collection[UUID]) -> Mapping[UUID, list[Agreed]]:
    """What clients agreed to pay each technician, in US dollars, for work that was not given back."""
    hours = func.extract("epoch", AssignmentRow.end_at - AssignmentRow.start_at) / 3600
    rows = session.execute(
        select(
            AssignmentRow.technician_id,
            AssignmentRow.client_id,
            func.timezone(ClientRow.hours_zone, AssignmentRow.start_at),
            SiteRow.region,
            case(
                (AssignmentRow.pay_kind == "hourly", AssignmentRow.pay_amount * hours), else_=AssignmentRow.pay_amount
            ),
            SlotRow.needs["skills"],
        )
        .join(ClientRow, ClientRow.id == AssignmentRow.client_id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(
            AssignmentRow.technician_id.in_(technicians),
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.currency == "USD",
        )
    )
    found = defaultdict(list)
    for technician_id, client, at, region, amount, needed in rows:
        found[technician_id].append(Agreed(client, at.date().toordinal(), region, amount, frozenset(needed or ())))
    return found


def signed_with(session: Session, technicians: Collection[UUID]) -> Mapping[UUID, list[tuple[Proof, int]]]:
    """The agreements that each technician has signed, with the day (ordinal) of the signature."""
    rows = session.scalars(
        select(CredentialRow)
        .join(CredentialKindRow, CredentialKindRow.code == CredentialRow.kind)
        .where(
            CredentialRow.technician_id.in_(technicians),
            CredentialKindRow.family == "agreement",
            CredentialRow.state.in_(LIVE_PROOFS),
        )
        .order_by(CredentialRow.valid_from, CredentialRow.id)
    )
    found = defaultdict(list)
    for row in rows:
        proof = Proof(row.kind, row.valid_until.toordinal(), row.facts, row.for_client_id)
        found[row.technician_id].append((proof, row.valid_from.toordinal()))
    return found
