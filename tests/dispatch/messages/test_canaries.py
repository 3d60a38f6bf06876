"""Whatever people write goes out as the text that it is: in mails that no reader takes for markup, and in all else."""

import email
import re
import unicodedata
from email.policy import default

import pytest
from canaries import MARKUP, columns_of, found_in, write_everywhere
from mailboxes import running_mailbox
from outboxes import Post
from sqlalchemy import update
from worlds import World

from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.messages import people
from dispatch.messages.adapters.smtp import SmtpAdapter
from dispatch.messages.threads import Draft, job_thread, post_message
from dispatch.record.session import Actor
from dispatch.record.tables import SiteRow, StaffRow, TechnicianRow, new_id

#: What mails say that somebody wrote. Where one is missing, the look has become blind to it.
REACHES = {"clients.name", "jobs.title", "messages.words", "sites.name", "sites.town"}


def test_harm_in_every_text_goes_out_as_text_in_every_mail(
    world: World, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_CONTACTS_QUIET", None)
    _happens(world)
    write_everywhere(admin_url)
    with running_mailbox() as box:
        by_mail = SmtpAdapter("127.0.0.1", box.port, "none", "news@acme.example", relay_domain="relay.example")
        post = Post(world, {"mail": by_mail})
        others = post.goes_out()
        mails = [email.message_from_bytes(each.content, policy=default) for each in box.taken]
    assert len(mails) > 5
    seen: set[str] = set()
    for mail in mails:
        assert (mail.get_content_type(), mail.is_multipart()) == ("text/plain", False), mail["Subject"]
        for name, value in mail.items():
            assert not _steers(str(value)), (name, value)
        assert set(mail.keys()) <= KNOWN_HEADERS, mail.keys()
        body = str(mail.get_content())
        assert MARKUP in body, "its words are there, as words"
        seen |= columns_of(found_in(body))
    assert REACHES - seen == set()
    for told in others:
        assert not _steers(told.subject), told.subject


KNOWN_HEADERS = {
    "Subject", "From", "To", "Reply-To", "Message-ID", "Date", "Auto-Submitted", "Content-Type",
    "Content-Transfer-Encoding", "MIME-Version", "Content-Language",
}  # fmt: skip


def _steers(words: str) -> bool:
    """Whether something in it ends a line, or turns round what follows."""
    return any(unicodedata.category(each)[0] == "C" for each in words) or re.search(r"[\r\n]", words) is not None


def _happens(world: World) -> None:
    """Offers, a yes, and words about it; everybody is told by mail alone."""
    offers = world.offered()
    with world.as_engine() as (session, now):
        for table in (TechnicianRow, StaffRow):
            session.execute(update(table).values(phone=None))
        session.execute(update(SiteRow).values(contact_phone=None, contact_email="door@acme.example"))
        staff = {"id": new_id(), "client_id": world.client, "role": "dispatcher", "name": "Rosa", "created_at": now}
        session.add(StaffRow(**staff, email="rosa@acme.example"))
        session.flush()
        taken = offers[0]
        answer = accept_offer(session, world.actor_of(taken), world.yes(taken), now=now)
        assert isinstance(answer, Won), answer
        rosa = Actor("dispatcher", id=staff["id"], client_id=world.client)
        thread = job_thread(session, rosa, taken.job_id, now=now)
        post_message(session, rosa, thread, Draft("The rear door", "en"), now=now)
