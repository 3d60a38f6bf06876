"""Does a client get back what it has approved already? What no payout took is set aside again until that is agreed.

The technician's net comes back from what is due to them and our fee from us, so the client gets what it paid. From then
on it is a dispute as any other: conceded or decided, what is awarded becomes due once more, the rest goes back to the
client. What is in a payout is not taken back.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.money.approving import check_sum
from dispatch.money.holding import payee_of
from dispatch.money.ledger import About, Owner, account_id, post
from dispatch.record.tables import DisputeRow, PaymentRow
from matching.moneyrules import MoneyRules
from matching.pay import most_behind, net_of


def take_back(session: Session, payment: PaymentRow, amount: Decimal, why: str, *, now: datetime) -> None:
    """Set aside again so much of what was approved, before our fee. The caller holds the payment. Runs as the engine.

    Raises
    ------
    BadInput
        When it is no sum of the currency, or more than is due and in no payout.
    Conflict
        When somebody has decided about this payment before: that holds.
    """
    decided = select(DisputeRow.id).where(DisputeRow.payment_id == payment.id, DisputeRow.state == "decided")
    if session.scalar(decided.limit(1)) is not None:
        raise Conflict("decided", "dispute")
    share = MoneyRules.from_document(payment.terms["rules"]).fee_share
    most = min(most_behind(payment.due, share, payment.currency), payment.due + payment.fee)
    check_sum("amount", amount, most, payment.currency)
    # Parts approved one by one have fees rounded one by one: no more of them comes back than there was.
    fee = min(net_of(amount, share, payment.currency)[0], payment.fee)
    net = amount - fee
    session.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment.id, PaymentRow.state == "due")
        .values(
            held=PaymentRow.held + amount,
            due=PaymentRow.due - net,
            fee=PaymentRow.fee - fee,
            version=PaymentRow.version + 1,
        )
    )
    moves = {
        account_id(payee_of(payment), "due", payment.currency): -net,
        account_id(Owner(), "fees", payment.currency): -fee,
        account_id(Owner(client_id=payment.client_id), "held", payment.currency): amount,
    }
    about = About(payment.client_id, payment.technician_id, payment.company_id, payment.id, why=why)
    post(session, "refund", f"refund:{payment.id}:{payment.version}", moves, about, now=now)
