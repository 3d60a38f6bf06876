"""One link at many browsers, somebody who leaves while they come in, a password changed meanwhile: with real commits.

Each is shown to fail without what guards it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from racing import blocked, race
from sqlalchemy import func, select, true, update
from worlds import World

from dispatch.errors import NotSignedIn
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, PasswordRow, SessionRow, TechnicianRow
from dispatch.settings import SignInSettings
from dispatch.signin import passwords, sessions, tries
from dispatch.signin.links import make_link, open_link
from dispatch.signin.people import Identity, identities
from dispatch.signin.sessions import Opened, Proof, end_sessions, find, open_session
from dispatch.talent.technicians import move_technician

pytestmark = pytest.mark.guards

OPERATOR = Actor("operator")
ANNA = "anna@example.org"
SETTINGS = SignInSettings()
PROOF = Proof(ANNA, "link", "Phone")


@pytest.fixture
def anna(world: World) -> Identity:
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == world.technicians[0]).values(email=ANNA))
    with world.as_engine() as (session, _):
        return identities(session, ANNA)[0]


def link(world: World) -> str:
    with world.as_engine() as (session, now):
        return make_link(session, OPERATOR, ANNA, timedelta(minutes=5), now=now)


def opening(world: World, token: str) -> Callable[[], Opened]:
    """Somebody opens the link and is let in, in one transaction."""

    def do() -> Opened:
        with world.as_engine() as (session, now):
            person = identities(session, open_link(session, token))[0]
            return open_session(session, person, PROOF, SETTINGS, now=now)

    return do


def num_open(world: World) -> int:
    with world.as_engine() as (session, _):
        return session.scalar(select(func.count()).where(SessionRow.ended_at.is_(None))) or 0


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_link_lets_in_one_of_many_who_open_it_at_once(
    world: World, anna: Identity, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(tries, "_UNUSED", true())
    answers = race([opening(world, link(world))] * 12)
    opened = [each for each in answers if isinstance(each, Opened)]
    assert len(opened) == num_open(world) == (1 if is_guarded else 12)
    assert {each.why for each in answers if isinstance(each, NotSignedIn)} == ({"link_used"} if is_guarded else set())
    with world.as_engine() as (session, _):
        told = session.scalar(select(func.count()).where(EventRow.kind == "signed_in"))
    assert told == len(opened)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_who_is_suspended_while_they_come_in_has_no_session_left(
    world: World, anna: Identity, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        monkeypatch.setattr(sessions, "hold", lambda *_: None)
    with world.as_engine() as (session, now):
        open_session(session, anna, PROOF, SETTINGS, now=now)
        # Guarded, the suspension waits for the new session; else it ends the others, and never hears of this one.
        suspending = blocked(world.engine, lambda: _move(world, anna, "suspend"))
    suspending.result(10)
    assert num_open(world) == (0 if is_guarded else 1)


def test_who_was_suspended_a_moment_ago_is_not_let_in(world: World, anna: Identity) -> None:
    _move(world, anna, "suspend")
    with pytest.raises(NotSignedIn), world.as_engine() as (session, now):
        open_session(session, anna, PROOF, SETTINGS, now=now)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_nobody_stays_in_by_a_password_that_was_changed_while_they_came(
    world: World, anna: Identity, is_guarded: bool
) -> None:
    owner = opening(world, link(world))()
    with world.as_engine() as (session, now):
        session.add(PasswordRow(email=ANNA, hash="old", set_at=now))

    def change() -> None:
        with world.as_engine() as (session, now):
            actor = find(session, owner.secret)
            assert actor is not None
            passwords.set_password(session, actor, ANNA, "new", now=now)

    with world.as_engine() as (session, now):
        assert passwords.kept_for(session, ANNA, hold=is_guarded) == "old"
        open_session(session, anna, Proof(ANNA, "password", "Thief"), SETTINGS, now=now)
        changing = blocked(world.engine, change)
    changing.result(10)
    assert num_open(world) == (1 if is_guarded else 2)


def test_many_who_set_the_first_password_at_once_leave_one_and_one_session(world: World, anna: Identity) -> None:
    owners = [opening(world, link(world))() for _ in range(6)]

    def setting(at: int) -> Callable[[], None]:
        def do() -> None:
            with world.as_engine() as (session, now):
                actor = find(session, owners[at].secret)
                if actor is not None:
                    passwords.set_password(session, actor, ANNA, f"hash {at}", now=now)

        return do

    race([setting(at) for at in range(6)])
    with world.as_engine() as (session, _):
        kept = session.scalars(select(PasswordRow.hash)).one()
        open_ids = session.scalars(select(SessionRow.id).where(SessionRow.ended_at.is_(None))).all()
    # Whoever came first ended all others, who set none after that.
    assert open_ids == [owners[int(kept.removeprefix("hash "))].id]


def test_an_end_of_all_sessions_beside_their_use_leaves_none(world: World, anna: Identity) -> None:
    owners = [opening(world, link(world))() for _ in range(8)]
    with world.as_engine() as (session, _):
        session.execute(update(SessionRow).values(seen_at=SessionRow.seen_at - timedelta(hours=1)))

    def using(opened: Opened) -> Callable[[], Any]:
        def do() -> Any:
            with world.as_engine() as (session, _):
                return find(session, opened.secret)

        return do

    def ending() -> int:
        with world.as_engine() as (session, now):
            return end_sessions(session, anna.actor, now=now)

    answers = race([*map(using, owners), ending])
    assert answers[-1] == 8
    assert num_open(world) == 0
    assert all(using(each)() is None for each in owners)


def _move(world: World, person: Identity, wish: str) -> None:
    with world.as_engine() as (session, now):
        move_technician(session, OPERATOR, person.id, wish, now=now)
