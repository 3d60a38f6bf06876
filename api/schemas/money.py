"""Money: a client's rules and funds, payments and their approval, disputes, payouts, statements."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer

from api.schemas.values import Code, Currency, In, Instant, Line, Note, Out, Sum, Yes

PaymentState = Literal["held", "due", "paid", "disputed", "released"]
PayoutState = Literal["created", "sent", "paid", "failed", "returned"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000e1"
_AT = "2027-03-02T14:00:00Z"


def _signed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("-"):
        return value
    return value if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else str(value)


#: A sum that may be below zero, as it is answered.
Signed = Annotated[
    Decimal,
    BeforeValidator(_signed),
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
]


class MoneyRulesIn(In):
    """The rules agreed with a client; what is not named has its default, the credit limit stays as it was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rules": {"credit_limit": "5000", "fee_share": "0.10", "approve_after_days": 7, "pay_after_days": 14}}
            ]
        }
    )
    rules: dict[str, Any] = Field(
        description="credit_limit, fee_share, approve_after_days, pay_after_days, limits (role -> sum), second_above,"
        " dispute_days."
    )


class FundsIn(In):
    """A client paid in, or takes back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "2500.00", "is_withdrawal": False}]})
    amount: Sum
    is_withdrawal: Yes = False


class MoneyOut(Out):
    """A client's money: `room` is what can still be set aside for work; below nothing, nobody new is asked."""

    client_id: UUID
    currency: Currency
    rules: dict[str, Any]
    funds: Signed
    held: Signed
    room: Signed


class PayLineOut(Out):
    """So many units at a rate; each line is rounded by itself."""

    kind: str
    units: Decimal
    rate: Decimal
    amount: Signed


class ExtraOut(Out):
    """An expense, travel, bonus or penalty; `units` are the miles or hours of travel."""

    id: UUID
    code: str
    kind: str
    units: Decimal | None = None
    amount: Signed
    state: str
    file: UUID | None = Field(default=None, description="Its receipt: `GET /v1/files/{id}`.")
    reason: str | None = Field(default=None, description="Of a bonus that the offer did not list: why.")
    awarded: Signed | None = Field(default=None, description="What a dispute's end paid of it.")


class ListedOut(Out):
    """Something that the offer pays for beside the work, or takes off: up to `cap` in all, or at a `rate` each."""

    code: str
    kind: Literal["expense", "bonus", "penalty", "travel"]
    cap: Signed | None = None
    rate: Decimal | None = Field(default=None, description="For each mile or hour.")


class PaymentOut(Out):
    """What an assignment is worth, and how far its payment is."""

    id: UUID
    job_id: UUID
    assignment_id: UUID
    technician_id: UUID
    state: PaymentState
    currency: Currency
    held: Signed = Field(description="Still set aside.")
    due: Signed = Field(description="Waits for a payout, from `due_at` on.")
    paid: Signed = Field(description="Has gone into a payout.")
    fee: Signed = Field(description="Ours, of what is approved.")
    net: Signed = Field(
        description="The technician's as it stands: due or paid, and what is claimed, or set aside, less our fee."
    )
    refunded: Signed = Field(description="Went back to the client.")
    lines: list[PayLineOut] = Field(description="What is claimed; empty until the work is done.")
    extras: list[ExtraOut]
    listed: list[ListedOut] = Field(description="What may be asked for as an extra, as the offer listed it.")
    num_signatures: int
    approve_by: Instant | None = Field(
        description="When nobody's word is a yes; once it is approved, until when a penalty may be contested."
    )
    dispute_until: Instant | None = Field(
        default=None, description="Approved, and an extra was refused: until when the technician may dispute that."
    )
    due_at: Instant | None
    version: int


class PartOfPayIn(In):
    """Part of a claim."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "80.00"}]})
    amount: Sum


class Approved(Out):
    """Whether it is due now; else a second person must approve too."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "is_approved": True,
                    "payment": {
                        "id": _UUID, "job_id": _UUID, "assignment_id": _UUID, "technician_id": _UUID, "state": "held",
                        "currency": "USD", "held": "60.00", "due": "72.00", "paid": "0.00", "fee": "8.00",
                        "net": "126.00", "refunded": "0.00", "lines": [], "extras": [], "listed": [],
                        "num_signatures": 1, "approve_by": _AT, "dispute_until": _AT, "due_at": _AT, "version": 4,
                    },
                }
            ]
        }
    )  # fmt: skip
    is_approved: bool
    payment: PaymentOut


class ExtraIn(In):
    """An extra that the offer listed: an expense of the technician, a bonus or penalty of the client."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "parking", "amount": "12.00"}]})
    code: Code
    amount: Sum
    file_id: UUID | None = Field(default=None, description="Its receipt.")


class BonusIn(In):
    """More than the offer listed, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "25.00", "reason": "Stayed until it ran"}]})
    amount: Sum
    reason: Line


class TravelIn(In):
    """How far or how long the way was; the offer has the rate."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "travel_mile", "units": "42.5"}]})
    code: Literal["travel_mile", "travel_hour"]
    units: Sum = Field(description="Miles or hours, both ways.")


class ExtraAnswerIn(In):
    """The client approves or refuses an expense, the technician contests a penalty."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "approve"}]})
    answer: Literal["approve", "refuse", "contest"]


_POSITION: dict[str, JsonValue] = {"hours": "1.5", "amount": "105.00", "files": [], "note": "Left at half past three"}


class StandpointIn(In):
    """What one side says is right: hours, sum, files as evidence."""

    model_config = ConfigDict(json_schema_extra={"examples": [_POSITION]})
    hours: Sum | None = None
    amount: Sum | None = None
    files: list[UUID] = Field(default_factory=list, max_length=50)
    note: Note = ""


class DisputeIn(In):
    """Part of a claim that is not agreed on; the rest is due by the client's yes, or is disputed by the other side.

    What the technician asked for on top joins their dispute: what waits for an answer always, and adds to `amount`;
    what was refused with the reason `expense`, whose `amount` counts both.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "35.00", "reason": "hours", "position": _POSITION}]}
    )
    amount: Sum
    reason: Literal["hours", "quality", "not_done", "expense", "penalty", "pay", "other"]
    position: StandpointIn = Field(default_factory=StandpointIn)


class RulingIn(In):
    """How much of what is disputed the technician gets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"awarded": "20.00", "note": "The log shows it"}]})
    awarded: Sum
    note: Note = ""


class DeciderIn(In):
    """Who decides from now on, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "away", "decider_id": _UUID}]})
    reason: Literal["away", "involved", "workload"] = Field(
        description="`involved`: they know one of the sides. No more is kept of why."
    )
    decider_id: UUID | None = Field(
        default=None, description="Of the operator's staff; empty: another who has been there longest."
    )
    decide_by: Instant | None = Field(
        default=None, description="A new date, within 90 days of the opening; empty: as before."
    )


class DisputeOut(Out):
    """A dispute as both sides and the person who decides see it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "payment_id": _UUID, "job_id": _UUID, "state": "decided", "currency": "USD",
                    "amount": "35.00", "reason": "hours", "positions": {"client": _POSITION}, "opened_by": "client",
                    "opened_at": _AT, "decider_id": _UUID, "decider": "Olga Brandt", "decide_by": _AT, "is_late": False,
                    "decided_at": _AT, "awarded": "20.00", "decided_note": "The log shows it", "number": "WO-88121",
                    "title": "Replace the drive", "client": "Acme service", "technician": "Ray Diaz",
                    "undisputed": "105.00", "waiting": "0.00",
                }
            ]
        }
    )  # fmt: skip
    id: UUID
    payment_id: UUID
    job_id: UUID
    state: Literal["open", "decided"]
    currency: Currency
    amount: Signed
    reason: str
    positions: dict[str, Any] = Field(description="What `client` and `technician` say: hours, sum, files, words.")
    opened_by: str
    opened_at: Instant
    decider_id: UUID
    decider: str = Field(description="The name of who decides.")
    decide_by: Instant
    is_late: bool
    decided_at: Instant | None
    awarded: Signed | None
    decided_note: str | None = Field(description="Why it was decided so.")
    number: str | None = Field(description="The client's number of the job; for staff.")
    title: str
    client: str
    technician: str
    undisputed: Signed = Field(description="Of the same payment, before our fee: the technician's in any case.")
    waiting: Signed = Field(
        description="Of the same payment: not disputed, and still to be approved by the client, in words or by silence."
    )


class PayoutOut(Out):
    """A transfer to a technician's or company's bank."""

    id: UUID
    technician_id: UUID | None
    company_id: UUID | None
    state: PayoutState
    currency: Currency
    amount: Signed
    failed_why: str | None
    created_at: Instant
    sent_at: Instant | None
    settled_at: Instant | None


class PayoutRunOut(Out):
    """What a run made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payouts": [_UUID]}]})
    payouts: list[UUID]


class PayoutWordIn(In):
    """What a payment provider says became of a payout."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payout": _UUID, "outcome": "paid"}]})
    payout: UUID
    outcome: Literal["paid", "failed", "returned"]
    why: Code | None = None


class HeardOut(Out):
    """Whether it was news: what was told before, or comes too late, changes nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_new": True}]})
    is_new: bool


class StatementLineOut(Out):
    """One movement."""

    id: UUID
    booked_at: Instant
    kind: str
    amount: Signed
    payment_id: UUID | None
    payout_id: UUID | None
    why: str | None
    job_id: UUID | None = Field(description="The work that it is for; null of what is for none.")
    number: str | None = Field(description="The client's number of that work; for staff.")
    title: str | None


class StatementOut(Out):
    """An account over a time: a client's funds, or what is due to a technician or company."""

    currency: Currency
    from_at: Instant
    to_at: Instant
    opening: Signed
    lines: list[StatementLineOut]
    closing: Signed


class YearLineOut(Out):
    """What somebody was paid in a calendar year for a client; `is_reported`: enough for a 1099-NEC.

    An independent contractor is, and a company that is not taxed as a corporation; only by what is not expenses that
    the client paid back. A company is judged by how it was taxed on the day of each payment: one that changed within
    the year has a line of each, and what was paid while it was no corporation is added up.
    """

    owner_id: UUID
    client_id: UUID
    name: str
    currency: Currency
    amount: Signed
    expenses: Signed = Field(description="The part that paid back approved expenses: no income.")
    engaged_as: str = Field(description="How they worked for the client when they took the work.")
    num_payouts: int
    is_reported: bool
    tax_class: Code | None = Field(description="Of a company: how it was taxed when it was paid this.")
    lacks_class: bool = Field(
        description="How it was taxed on the days of these payments nobody has entered: that decides it."
    )


class YearOut(Out):
    """A calendar year by the day on which each payment was made."""

    year: int
    zone: str
    lines: list[YearLineOut]


class PayTermsOut(Out):
    """What is paid for the work as offered: before and after our fee, when, and what may come on top or off."""

    gross: Signed = Field(description="For the time as planned.")
    fee: Signed
    net: Signed
    currency: Currency
    pay_after_days: int | None = Field(description="Days from approval to payout; null: the client pays by itself.")
    rates: dict[str, Any]
