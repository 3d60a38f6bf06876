"""What trust brings to a town, one of each: an agreement, a payment with an extra, a dispute, a removal."""

from datetime import timedelta
from uuid import UUID

from dispatch.record.tables import CredentialRow, DisputeRow, RemovalRow, StaffRow, new_id

#: A job's day policy that lets its technician claim an extra.
RATES = {"rates": {"extras": [{"code": "parking", "kind": "expense", "cap": "15.00"}]}}


def fund(town):
    """Acme pays from what it has here."""
    operator, url = town.key("operator"), f"/v1/clients/{town.world.client}"
    assert operator.post(f"{url}/money", {"rules": {"pay_after_days": 0}}).status_code == 200
    assert operator.post(f"{url}/funds", {"amount": "900.00"}).json()["room"] == "900.00"


def trusted(town, taken, job_id, technician):
    """An agreement, a removal of its technician, the payment of its job with an extra and a dispute about it."""
    admin, operator = town.key("client_admin", client_id=town.world.client), town.key("operator")
    kind = operator.post("/v1/credential-kinds", {"code": "nda", "name": "NDA", "family": "agreement"})
    assert kind.status_code == 201, kind.text
    words = {"kind": "nda", "words": "Keep it to yourself."}
    agreement = admin.post(f"/v1/clients/{town.world.client}/agreements", words)
    assert agreement.status_code == 201, agreement.text
    payment = town.staff.get(f"/v1/payments?job_id={job_id}").json()["items"][0]["id"]
    paid = taken.post(f"/v1/payments/{payment}/extras", {"code": "parking", "amount": "9.00"}).json()["payment"]
    ids = {name: new_id() for name in ("removal_id", "dispute_id")}
    with town.world.as_engine() as (session, now):
        client = {"client_id": town.world.client, "technician_id": technician}
        decider = StaffRow(
            id=new_id(),
            client_id=town.world.client,
            role="dispatcher",
            name="Dee",
            email="dee@acme.example",
            created_at=now,
        )
        proof = CredentialRow(
            id=new_id(), kind="background_check", technician_id=technician, created_at=now,
            valid_from=now.date(), valid_until=now.date(), state="rejected",
        )  # fmt: skip
        session.add_all([decider, proof])
        session.flush()
        soon = now + timedelta(days=5)
        removal = RemovalRow(
            id=ids["removal_id"], technician_id=technician, credential_id=proof.id, held_before="active",
            notice="SECRET-PO", respond_by=soon, created_at=now,
        )  # fmt: skip
        dispute = DisputeRow(
            id=ids["dispute_id"], job_id=UUID(job_id), payment_id=UUID(payment), currency="USD", amount=1,
            reason="hours", opened_by="client", opened_at=now, decider_id=decider.id, decide_by=soon, **client,
        )  # fmt: skip
        session.add_all([removal, dispute])
    made = {
        "agreement_id": agreement.json()["id"],
        "payment_id": payment,
        "extra_id": paid["extras"][0]["id"],
        "year": "2027",
        "num": "1",
    }
    return made | {name: str(each) for name, each in ids.items()}
