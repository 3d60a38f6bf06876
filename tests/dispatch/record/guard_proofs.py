"""The guards' world of proofs: an agreement of each client, a document and a removal of each technician."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t

IdOf = Callable[[str], UUID]


def agreement(id_of: IdOf, name: str, now: datetime) -> Any:
    """The first version of what a client has signed."""
    return t.AgreementRow(
        id=id_of(f"{name}.agreement"),
        client_id=id_of(name),
        kind="insurance",
        version=1,
        words="What we tell you stays with you.",
        sha256="0" * 64,
        published_at=now,
    )


def tax_class(id_of: IdOf, name: str, now: datetime) -> Any:
    """How Crew is taxed, as it was entered twice."""
    days = {"signed_on": date(2026, 1, 15), "counts_from": date(2026, 1, 1)}
    return t.TaxClassRow(
        id=id_of(f"{name}.tax_class"), company_id=id_of("crew"), tax_class="partnership", said_at=now, **days
    )


def screened(id_of: IdOf, name: str) -> dict[str, Any]:
    """Columns of a proof: from which screening it came, and for whom it is."""
    return {"for_client_id": id_of("acme"), "vendor": "local", "vendor_ref": name, "vendor_seq": 1}


def removal(id_of: IdOf, name: str, now: datetime) -> Any:
    """A technician was told that they may have to leave."""
    return t.RemovalRow(
        id=id_of(f"{name}.removal"),
        technician_id=id_of(name),
        credential_id=id_of(f"{name}.credential"),
        held_before="active",
        notice="The report of 2 March says otherwise than you did.",
        respond_by=now + timedelta(days=7),
        created_at=now,
    )


def document(id_of: IdOf, name: str, now: datetime) -> Any:
    """A photographed page of a proof."""
    return t.DocumentRow(
        id=id_of(f"{name}.document"),
        credential_id=id_of(f"{name}.credential"),
        num=1,
        content_type="image/jpeg",
        num_bytes=4_711,
        sha256="0" * 64,
        width=40,
        height=30,
        received_at=now,
    )
