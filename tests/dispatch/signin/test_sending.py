"""The mail with the link: by a real mail server, to whoever has the address and nobody else."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from mailboxes import running_mailbox
from outboxes import Carrier
from signing import token_in
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import NotSignedIn
from dispatch.messages.adapters import Adapter, Failed
from dispatch.messages.adapters.smtp import SmtpAdapter
from dispatch.queue import Try
from dispatch.record.tables import PasswordRow, SessionRow, SignInRow, StaffRow, TechnicianRow, new_id
from dispatch.settings import SignInSettings
from dispatch.signin.links import ask_for_link, open_link
from dispatch.signin.people import identities
from dispatch.signin.sending import ERRAND, NotSent
from dispatch.signin.sessions import Proof, forget, open_session

ANNA = "anna@example.org"
LASTS = timedelta(minutes=30)


@pytest.fixture
def link(world: World) -> str:
    """The id of a link that Anna asked for, whose profile is in Spanish."""
    with world.as_engine() as (session, _):
        values = {"email": ANNA, "preferences": {"language": "es"}}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == world.technicians[0]).values(values))
    return asked(world, ANNA)


def asked(world: World, email: str) -> str:
    with world.as_engine() as (session, now):
        ask_for_link(session, email, LASTS, now=now)
        return str(session.scalars(select(SignInRow.id).order_by(SignInRow.id.desc())).first())


def send(world: World, link: str, adapter: Adapter) -> None:
    parts = {"adapters": {"mail": adapter}, "public_url": "https://dispatch.example.org", "link_min": 30}
    ERRAND.do(Try(1, False, world.engine, parts), sign_in=link)


def opened(world: World, token: str) -> str:
    with world.as_engine() as (session, _):
        return open_link(session, token)


def test_the_link_arrives_whole_in_the_readers_language(world: World, link: str) -> None:
    with running_mailbox() as box:
        send(world, link, SmtpAdapter("127.0.0.1", box.port, "none", "post@dispatch.example.org"))
    (envelope,) = box.taken
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (ANNA, "Su enlace para entrar")
    words = mail.get_body().get_content()
    assert "https://dispatch.example.org/sign-in#token=" in words
    assert opened(world, token_in(words)) == ANNA


def test_nobody_has_the_address_and_nothing_is_sent_or_kept(world: World) -> None:
    carrier, nobodys = Carrier(), asked(world, "nobody@example.org")
    send(world, nobodys, carrier)
    assert carrier.sent == []
    with world.as_engine() as (session, _):
        assert session.scalars(select(SignInRow)).all() == []
    send(world, nobodys, carrier)
    assert carrier.sent == []


def test_a_mail_that_did_not_leave_is_tried_again_with_another_token(world: World, link: str) -> None:
    carrier = Carrier(fails=Failed("server_away", retry=True))
    with pytest.raises(NotSent, match="server_away"):
        send(world, link, carrier)
    carrier.fails = Failed("smtp_550", retry=False)
    send(world, link, carrier)
    carrier.fails = None
    send(world, link, carrier)
    send(world, link, carrier)
    first, second = (token_in(each.body) for each in carrier.sent)
    with pytest.raises(NotSignedIn, match="none of ours"):
        opened(world, first)
    assert opened(world, second) == ANNA
    # Done again by a courier that died before it could say so: a link that was used is not made anew.
    send(world, link, carrier)
    assert len(carrier.sent) == 2


def test_a_mail_that_comes_too_late_is_not_sent(world: World, link: str) -> None:
    with world.as_engine() as (session, _):
        session.execute(update(SignInRow).values(asked_at=SignInRow.asked_at - LASTS))
    carrier = Carrier()
    send(world, link, carrier)
    assert carrier.sent == []


def test_what_is_over_for_long_is_forgotten_and_passwords_of_nobody(world: World, link: str) -> None:
    gone = "gone@acme.example"
    with world.as_engine() as (session, now):
        person, proof = identities(session, ANNA)[0], Proof(ANNA, "link", "Phone\nX")
        old, new = (open_session(session, person, proof, SignInSettings(), now=now).id for _ in range(2))
        session.execute(update(SessionRow).where(SessionRow.id == old).values(ended_at=now - timedelta(days=31)))
        for email in (ANNA, gone, "nobody@example.org"):
            session.add(PasswordRow(email=email, hash="kept", set_at=now))
        staff = {"client_id": world.client, "role": "dispatcher", "name": "Gone", "email": gone.title()}
        session.add(StaffRow(id=new_id(), created_at=now, **staff))
    with world.as_engine() as (session, now):
        assert forget(session, now) == 2
        assert [(row.id, row.device) for row in session.scalars(select(SessionRow))] == [(new, "Phone X")]
        session.execute(update(StaffRow).values(left_at=now))
    with world.as_engine() as (session, now):
        assert forget(session, now) == 1
        assert session.scalars(select(PasswordRow.email)).all() == [ANNA]
        assert forget(session, now + timedelta(days=8)) == 1
        assert session.scalars(select(SignInRow)).all() == []
