"""What was paid to whom? Payouts and what their provider says, statements, the year's sums."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, Gateway, Operator, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.money import HeardOut, PayoutOut, PayoutRunOut, PayoutWordIn, StatementOut, YearOut
from api.schemas.pages import PageOf
from api.schemas.values import Currency
from api.strictjson import BODY
from dispatch.errors import BadInput, Refused
from dispatch.money.ledger import Owner
from dispatch.money.payouts import make_payouts
from dispatch.money.provider import read_callback
from dispatch.money.statements import YEAR_HEAD, Statement, YearLine, statement_of, to_csv, yearly
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import PayoutRow
from dispatch.talent.packfiles import known_packs
from dispatch.visits.paying import hear_of_payout
from matching.taxclasses import TAX_ZONE

router = APIRouter(prefix="/v1", tags=["money"])

Payee = Annotated[Actor, Depends(only("technician", "company", "operator"))]
Yearly = Annotated[Actor, Depends(only("technician", "company", "operator", "client_admin"))]
Holder = Annotated[Actor, Depends(only(*STAFF, "technician", "company"))]
Zone = Annotated[str, Query(max_length=64, description="In whose days.", examples=["America/New_York"])]
FromDay = Annotated[date, Query(description="First day, UTC.", examples=["2027-03-01"])]
ToDay = Annotated[date, Query(description="Last day, UTC.", examples=["2027-03-31"])]
Money = Annotated[Currency, Query(description="Currency of the account.")]
_HEAD = ("id", "booked_at", "kind", "amount", "payment_id", "payout_id", "why", "job_id", "number", "title")
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The same as a file."}
}
_LONGEST = timedelta(days=3_700)


@router.get("/payouts", response_model=PageOf[PayoutOut], summary="List payouts")
def list_payouts(
    request: Request, actor: Payee, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[PayoutOut]:
    """Transfers to you, or for the operator to everybody; newest first."""
    with reading(request, actor) as session:
        found = page(session, request, select(PayoutRow), PayoutRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[PayoutOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.post("/payouts/run", response_model=PayoutRunOut, summary="Make payouts")
def run_payouts(request: Request, actor: Operator) -> Response:
    """Put what is due by now into payouts, one for each payee and currency; `truckroll payouts run` sends them too."""
    return idempotent(request, actor, lambda session, now: Reply(PayoutRunOut(payouts=make_payouts(session, now=now))))


@router.post("/gateway/payouts", response_model=HeardOut, summary="A payment provider says what became of a payout")
def post_payout_word(request: Request, actor: Gateway, word: PayoutWordIn) -> Response:
    """Hand on a provider's callback, its body as it came, with its `Truckroll-Signature: t=SECONDS,v1=HMAC-SHA256`.

    Told twice, nothing moves; told out of order, the end is the same: what failed or came back is due again, once.
    """
    secret = parts_of(request).settings.payout_secret
    if secret is None:
        raise Refused("no payment provider is set up", ("no_provider",))
    body, header = bytes(request.scope[BODY]), request.headers.get("Truckroll-Signature", "")

    def work(session: Session, now: datetime) -> Reply:
        heard = read_callback(secret, header, body, now=now)
        return Reply(HeardOut(is_new=hear_of_payout(session, actor, heard, now=now)))

    return idempotent(request, actor, work)


@router.get("/statements", response_model=StatementOut, summary="Read your statement")
def get_statement(
    request: Request, actor: Holder, from_day: FromDay, to_day: ToDay, currency: Money = "USD"
) -> StatementOut:
    """What moved on your account: a client's funds, or what is due to a technician or company."""
    return StatementOut.model_validate(_statement(request, actor, from_day, to_day, currency))


@router.get("/statements.csv", response_class=Response, responses=_CSV, summary="Read your statement as CSV")
def get_statement_csv(
    request: Request, actor: Holder, from_day: FromDay, to_day: ToDay, currency: Money = "USD"
) -> Response:
    """The same as a file; no cell of it is run by a spreadsheet."""
    found = _statement(request, actor, from_day, to_day, currency)
    text = to_csv(_HEAD, [[getattr(line, name) for name in _HEAD] for line in found.lines])
    return Response(
        text, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="statement.csv"'}
    )


@router.get("/statements/years/{year}.csv", response_class=Response, responses=_CSV, summary="Read a year as CSV")
def get_year_csv(request: Request, actor: Yearly, year: int, zone: Zone = TAX_ZONE) -> Response:
    """The same lines as a file; no cell of it is run by a spreadsheet."""
    lines = _year(request, actor, year, zone)
    text = to_csv(YEAR_HEAD, [[getattr(line, name) for name in YEAR_HEAD] for line in lines])
    name = f'attachment; filename="paid-in-{year}.csv"'
    return Response(text, media_type="text/csv", headers={"Content-Disposition": name})


@router.get("/statements/years/{year}", response_model=YearOut, summary="Read what was paid in a year")
def get_year(request: Request, actor: Yearly, year: int, zone: Zone = TAX_ZONE) -> YearOut:
    """By the day on which each payment was made; who is to be reported (1099-NEC) is marked.

    Yourself; as a client's admin whoever was paid for your work; as the operator everybody.
    """
    return YearOut.model_validate({"year": year, "zone": zone, "lines": _year(request, actor, year, zone)})


def _year(request: Request, actor: Actor, year: int, zone: str) -> list[YearLine]:
    if not 2000 <= year <= 2100:
        raise BadInput("year", year, "send a year from 2000 to 2100")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput("?zone", zone, "name a zone such as America/New_York") from error
    owner = None if actor.kind == "operator" else _owner(actor)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return yearly(session, year, zone=zone, packs=known_packs(), owner=owner)


def _statement(request: Request, actor: Actor, from_day: date, to_day: date, currency: str) -> Statement:
    if not timedelta(0) <= to_day - from_day <= _LONGEST or to_day.year >= 2200:
        raise BadInput("?to_day", to_day.isoformat(), "end on the day of the start or later, within ten years")
    from_at = datetime(from_day.year, from_day.month, from_day.day, tzinfo=UTC)
    to_at = from_at + (to_day - from_day) + timedelta(days=1)
    with reading(request, actor) as session:
        return statement_of(session, _owner(actor), currency, from_at=from_at, to_at=to_at)


def _owner(actor: Actor) -> Owner:
    return Owner(actor.client_id, actor.technician_id, None if actor.technician_id else actor.company_id)
