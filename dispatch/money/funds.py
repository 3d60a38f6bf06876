"""What money has a client with us? The rules agreed with it, and what it pays in or takes back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.money.committing import is_beyond
from dispatch.money.ledger import FLOOR, About, Owner, account_id, open_accounts, post
from dispatch.record.events import record
from dispatch.record.refusals import guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, LedgerAccountRow, new_id
from matching.currencies import has_too_many_digits
from matching.errors import PolicyError
from matching.moneyrules import MoneyRules

_PLATFORM = Owner()
_MOST = Decimal(10) ** 12


def rules_of(session: Session, client_id: UUID) -> MoneyRules | None:
    """The rules agreed with a client; None: its money isn't kept here."""
    document = session.scalars(select(ClientRow.money).where(ClientRow.id == client_id)).one_or_none()
    return None if document is None else MoneyRules.from_document(document)


def set_rules(session: Session, actor: Actor, client_id: UUID, document: Mapping[str, Any], *, now: datetime) -> None:
    """Agree on rules with a client, for its currency: from now on money is set aside for each assignment.

    A credit limit that is not named stays as it was. A lower one takes nothing back; nothing more is set aside until
    there is room. Runs as the engine.

    Raises
    ------
    BadInput
        When a rule is unknown or out of its limits.
    NotFound, Refused
        When there is no such client; when the actor is not the operator.
    """
    _only_operator(actor, "setting a client's money rules")
    client = _find(session, client_id, is_held=True)
    values = rules_columns(client.money, document, client.currency)
    session.execute(update(ClientRow).where(ClientRow.id == client_id).values(values))
    open_purse(session, actor, client_id, client.currency, values["money"], now=now)


def way_of_paying(before: Mapping[str, Any] | None, standing: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """The columns that a client's `credit_limit` or `pays_outside` set, as far as they are named.

    The limit is kept in the money rules alone, agreed on with it where there are none (`before`); whoever writes
    these columns calls `open_purse` in the same transaction.

    Raises
    ------
    BadInput
        When both are named, one contradicts the rules agreed on, or the sum cannot be kept.
    """
    limit, is_outside = standing.get("credit_limit"), standing.get("pays_outside")
    if is_outside and limit is not None:
        raise BadInput("credit_limit", limit, "leave it out: there is no credit with who pays outside Truckroll")
    if is_outside and before is not None:
        raise BadInput("pays_outside", True, "its money is kept here already, by the rules agreed with it")
    if "credit_limit" in standing and limit is None and not is_outside:
        way_out = "give a sum, 0 for no credit; pays_outside says that its money isn't kept here"
        raise BadInput("credit_limit", None, way_out)
    if limit is not None:
        return rules_columns(before, {**(before or {}), "credit_limit": limit}, currency, "credit_limit")
    return {"pays_outside": True} if is_outside else {}


def rules_columns(
    before: Mapping[str, Any] | None, document: Mapping[str, Any], currency: str, where: str = "money"
) -> dict[str, Any]:
    """The columns of a client that keep these rules; a credit limit that is not named stays as `before` has it.

    Raises
    ------
    BadInput
        When a rule is unknown or out of its limits.
    """
    kept = {} if before is None else {"credit_limit": before["credit_limit"]}
    try:
        rules = MoneyRules.from_document(kept | dict(document))
    except PolicyError as error:
        raise BadInput(where, document.get(where, dict(document)), str(error)) from error
    if has_too_many_digits(rules.credit_limit, currency):
        where = "money.credit_limit" if where == "money" else where
        raise BadInput(where, rules.credit_limit, f"give whole minor units of {currency}")
    return {"money": rules.to_document(), "pays_outside": False}


def open_purse(
    session: Session, actor: Actor, client_id: UUID, currency: str, document: Mapping[str, Any], *, now: datetime
) -> None:
    """The ledger follows the rules just written: the accounts are there, and the funds' floor is the credit limit."""
    rules = MoneyRules.from_document(document)
    open_accounts(session, _PLATFORM, ("fees", "outside"), currency, now=now)
    open_accounts(session, Owner(client_id=client_id), ("funds", "held"), currency, now=now)
    funds = account_id(Owner(client_id=client_id), "funds", currency)
    session.execute(update(LedgerAccountRow).where(LedgerAccountRow.id == funds).values(floor=-rules.credit_limit))
    told = {"credit_limit": str(rules.credit_limit), "fee_share": str(rules.fee_share)}
    record(session, actor, ("client", client_id), "money_rules_set", told, client_id=client_id, now=now)


def move_funds(session: Session, actor: Actor, client_id: UUID, amount: Decimal, *, now: datetime) -> UUID:
    """A client paid in (above zero) or takes back (below zero): the event's subject. Runs as the engine.

    Raises
    ------
    BadInput
        When the amount is nothing, too fine for the currency, or no sum of money.
    Conflict
        When more is taken back than there is, or the client has no money here.
    NotFound, Refused
        When there is no such client; when the actor is not the operator.
    """
    _only_operator(actor, "moving a client's funds")
    client = _find(session, client_id)
    if client.money is None:
        raise Conflict("the client has no money rules", "move funds", ("agree on rules first",))
    is_sum = amount.is_finite() and 0 < abs(amount) < _MOST
    if not is_sum or has_too_many_digits(amount, client.currency):
        raise BadInput("amount", amount, f"give a sum in whole minor units of {client.currency}, not 0")
    owner, transaction_id = Owner(client_id=client_id), new_id()
    kind = "deposit" if amount > 0 else "withdraw"
    moves = {
        account_id(owner, "funds", client.currency): amount,
        account_id(_PLATFORM, "outside", client.currency): -amount,
    }
    try:
        with session.begin_nested():
            post(session, kind, f"{kind}:{transaction_id}", moves, About(client_id=client_id), now=now)
    except IntegrityError as error:
        if not is_short(error):
            raise
        raise Conflict("the funds are lower than that", "withdraw", ("take back less",)) from error
    told = {"client": str(client_id), "amount": str(amount), "currency": client.currency}
    kind = "deposited" if amount > 0 else "withdrawn"
    record(session, actor, ("transaction", transaction_id), kind, told, client_id=client_id, now=now)
    return transaction_id


def is_short(error: IntegrityError) -> bool:
    """Whether a statement failed because an account would have fallen below its floor, or a budget does not suffice."""
    return guard_of(error) == FLOOR or is_beyond(error)


def _find(session: Session, client_id: UUID, *, is_held: bool = False) -> ClientRow:
    wanted = select(ClientRow).where(ClientRow.id == client_id).execution_options(populate_existing=True)
    client = session.scalars(wanted.with_for_update(key_share=True) if is_held else wanted).one_or_none()
    if client is None:
        raise NotFound("client", client_id)
    return client


def _only_operator(actor: Actor, doing: str) -> None:
    if actor.kind != "operator":
        raise Refused(f"{doing} is for the operator", ("only_operator",))
