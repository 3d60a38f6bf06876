"""A small world of webhooks: clients, endpoints at a real receiver, events in the record, a courier in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from letin import LET_IN
from processes import until
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from cli.demo.receiver import Heard, Receiver
from dispatch import courier as couriers
from dispatch.courier import Courier
from dispatch.record.events import record
from dispatch.record.relay import relay
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import BoardFrameRow, ClientRow, WebhookDeliveryRow, WebhookRow, new_id
from dispatch.webhooks.carrier import Rules
from dispatch.webhooks.endpoints import Calling, add_webhook

LOOPBACK = (ip_network("127.0.0.0/8"),)
OPERATOR = Actor("operator")


@dataclass
class Hooks:
    """The record, the receiver, and who listens at which path."""

    database_url: str
    engine: Engine
    receiver: Receiver
    clients: list[UUID] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, datetime]]:
        with transaction(self.engine, ENGINE, role="engine") as session:
            yield session, database_now(session)

    def client(self) -> UUID:
        client = new_id()
        with self.writing() as (session, now):
            session.execute(insert(ClientRow).values(id=client, name=f"Client {client}", created_at=now, **LET_IN))
        self.clients.append(client)
        return client

    def endpoint(self, client: UUID, path: str, *kinds: str, url: str | None = None, fails: float = 0.0) -> UUID:
        """An endpoint of the client's at the receiver, or at another URL."""
        at_receiver = self.receiver.add(path, fails=fails)
        with self.writing() as (session, now):
            self.ids[path], secret = add_webhook(
                session, OPERATOR, client, url or at_receiver, kinds, calling=Calling(LOOPBACK), now=now
            )
        self.receiver.trust(path, secret)
        return self.ids[path]

    def happen(self, client: UUID, *subjects: UUID, kind: str = "noted", subject: str = "job") -> None:
        """One event for each of these jobs, in one transaction; and on the board."""
        with self.writing() as (session, now):
            ids = [record(session, ENGINE, (subject, each), kind, {}, client_id=client, now=now) for each in subjects]
        # While anybody else is still writing, the relay leaves out what came after.
        until(lambda: self._is_on_the_board(ids[-1]), "the event is on the board")

    def _is_on_the_board(self, event_id: UUID) -> bool:
        with self.writing() as (session, _):
            relay(session)
            found = session.scalar(select(BoardFrameRow.seq).where(BoardFrameRow.event_id == event_id))
        return found is not None

    def heard(self, path: str) -> Heard:
        return self.receiver.heard[path]

    def webhook(self, path: str) -> Any:
        with self.writing() as (session, _):
            return session.get_one(WebhookRow, self.ids[path])

    def deliveries(self, path: str) -> list[WebhookDeliveryRow]:
        wanted = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == self.ids[path])
        with self.writing() as (session, _):
            return list(session.scalars(wanted.order_by(WebhookDeliveryRow.seq)))

    def states(self, path: str) -> list[str]:
        return [each.state for each in self.deliveries(path)]

    def events(self, path: str) -> list[str]:
        """Kinds of what happened to the endpoint."""
        with self.writing() as (session, _):
            rows = session.execute(
                text("SELECT kind FROM events WHERE subject_id = :id ORDER BY seq"), {"id": self.ids[path]}
            )
            return [kind for (kind,) in rows]

    def write(self, sql: str, **values: Any) -> None:
        with self.writing() as (session, _):
            session.execute(text(sql), values)

    @contextmanager
    def board(self) -> Iterator[None]:
        """The board's log is kept up to date until the block ends, as the dispatcher does."""
        ends = threading.Event()

        def relay_on() -> None:
            while not ends.wait(0.05):
                with self.writing() as (session, _):
                    relay(session)

        thread = threading.Thread(target=relay_on, name="relay")
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join(10)

    def let_waits_pass(self) -> None:
        """What waits for its next try is due now, as if its time had come."""
        of = "WHERE id IN (SELECT id FROM {0} WHERE {1} > now() AND {2} FOR UPDATE SKIP LOCKED)"
        deliveries = of.format("webhook_deliveries", "next_try_at", "state = 'waiting'")
        errands = of.format("procrastinate_jobs", "scheduled_at", "status = 'todo'")
        self.write(f"UPDATE webhook_deliveries SET next_try_at = now() {deliveries}")
        # The queue's own triggers look their tables up by the search path.
        self.write(f"SET LOCAL search_path = queue; UPDATE procrastinate_jobs SET scheduled_at = now() {errands}")

    def forget_errands(self) -> None:
        """Nobody will serve anything."""
        self.write("SET LOCAL search_path = queue; DELETE FROM procrastinate_jobs")

    @contextmanager
    def courier(self, **more: Any) -> Iterator[Courier]:
        """A courier that carries until the block ends."""
        stop, made, is_up = threading.Event(), [], threading.Event()
        engine = connect(self.database_url, pool_size=8, name="truckroll courier")

        async def carry() -> None:
            rules = Rules(**{"allow": LOOPBACK, "deadline_s": 2.0, **more})
            made.append(Courier(self.database_url, engine, rules=rules))
            is_up.set()
            await couriers._run(made[0], stop)

        thread = threading.Thread(target=lambda: asyncio.run(carry()), name="courier")
        thread.start()
        try:
            assert is_up.wait(10)
            yield made[0]
        finally:
            stop.set()
            thread.join(20)
            engine.dispose()
        assert not thread.is_alive()


@contextmanager
def hooks_in(database_url: str) -> Iterator[Hooks]:
    """The world in an empty, migrated database."""
    engine = connect(database_url, pool_size=8, name="tests")
    try:
        with Receiver(seed=7) as receiver:
            yield Hooks(database_url, engine, receiver)
    finally:
        engine.dispose()
