"""People at browsers: a cookie jar, the headers that our own pages send, and the mail that a link comes by."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outboxes import Carrier
from sqlalchemy import insert, text, update
from town import Town

from dispatch.messages.adapters import Adapter
from dispatch.queue import Try
from dispatch.record.tables import StaffRow, TechnicianRow, new_id
from dispatch.signin.sending import ERRAND

OURS = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin", "Truckroll-Web": "1"}


@dataclass
class Browser:
    """One browser: its cookies, by name; each request says where its page comes from."""

    town: Town
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: dict(OURS))
    num: int = 0

    def get(self, url: str, **more: Any) -> Any:
        return self.call("GET", url, **more)

    def post(self, url: str, body: Any = None, **more: Any) -> Any:
        self.num += 1
        headers = {"Idempotency-Key": f"browser-{id(self)}-{self.num}"} | more.pop("headers", {})
        return self.call("POST", url, json=body or {}, headers=headers, **more)

    def put(self, url: str, body: Any) -> Any:
        return self.call("PUT", url, json=body)

    def delete(self, url: str) -> Any:
        return self.call("DELETE", url)

    def call(self, method: str, url: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        sent = self.headers | (headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        # The jar of the test client is everybody's: this browser has one of its own.
        self.town.http.cookies.clear()
        answer = self.town.http.request(method, url, headers=sent, follow_redirects=False, **more)
        self.town.http.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def opens(self, token: str, **more: Any) -> Any:
        return self.post("/v1/sign-in/link/open", {"token": token, **more})


@dataclass
class Mail:
    """The courier's part of it, turned by hand; what it sent is in `carrier`."""

    town: Town
    carrier: Carrier = field(default_factory=Carrier)
    adapter: Adapter | None = None

    def goes_out(self) -> list[Any]:
        """Every link that is due: the messages that were sent for them."""
        before = len(self.carrier.sent)
        with self.town.world.as_engine() as (session, _):
            # Procrastinate's triggers look for its tables by name.
            session.execute(text("SET LOCAL search_path = public, queue"))
            taken = "DELETE FROM queue.procrastinate_jobs WHERE task_name = :name RETURNING args ->> 'sign_in'"
            due = session.scalars(text(taken), {"name": ERRAND.name}).all()
        for sign_in in due:
            self.sends(sign_in)
        return self.carrier.sent[before:]

    def sends(self, sign_in: str) -> None:
        parts = {
            "adapters": {"mail": self.adapter or self.carrier},
            "public_url": self.town.settings.base_url,
            "link_min": self.town.settings.link_min,
        }
        ERRAND.do(Try(1, False, self.town.world.engine, parts), sign_in=sign_in)


def token_in(words: str) -> str:
    """The token of the one link in a mail."""
    (found,) = re.findall(r"/sign-in#token=([A-Za-z0-9_-]+)", words)
    return found


def add_staff(town: Town, role: str, email: str, name: str, client: UUID | None = None) -> UUID:
    """A member of staff, of Acme unless another client is named; an operator of none."""
    id_ = new_id()
    client_id = None if role == "operator" else client or town.world.client
    with town.world.as_engine() as (session, now):
        row = {"id": id_, "client_id": client_id, "role": role, "name": name, "email": email}
        session.execute(insert(StaffRow).values(created_at=now, **row))
    return id_


def give_address(town: Town, technician: UUID, email: str | None) -> None:
    """What the technician's profile says."""
    with town.world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == technician).values(email=email))
