"""Which offers can this actor answer now? The list that their stream tells whenever it changes."""

import zlib

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.offers import own_offers, show_offers
from api.schemas.live import LiveOffers
from api.telling import Told
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import OfferRow
from dispatch.record.tables.offers import LIVE_OFFERS

#: Offers told at most, those that end first.
_MAX_OFFERS = 500


class OffersReader:
    """Reads for one technician's, or one company's, stream. The first list is read at once."""

    has_more = False

    def __init__(self, engine: Engine, actor: Actor) -> None:
        self._engine = engine
        self._actor = actor
        self._known: int | None = None
        self._first: list[Told] = []
        self._first = self.read()

    def read(self) -> list[Told]:
        """The list, if it is another than the last one told."""
        first, self._first = self._first, []
        if first:
            return first
        with transaction(self._engine, self._actor) as session:
            found = _live(session, self._actor)
        version = zlib.crc32(found.model_dump_json().encode())
        if version == self._known:
            return []
        self._known = version
        return [Told("offers", found)]


def _live(session: Session, actor: Actor) -> LiveOffers:
    wanted = own_offers(actor).where(OfferRow.state.in_(LIVE_OFFERS))
    rows = session.execute(wanted.order_by(OfferRow.expires_at, OfferRow.id).limit(_MAX_OFFERS)).all()
    return LiveOffers(items=show_offers(session, actor, rows))
