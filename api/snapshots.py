"""What was so at one moment? Several reads that see the same state of the record."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dispatch.record.session import Actor, transaction


@contextmanager
def one_moment(engine: Engine, actor: Actor, *, role: str = "app") -> Iterator[Session]:
    """A transaction whose statements all see what was committed when its first one ran; it only reads."""
    with transaction(engine.execution_options(isolation_level="REPEATABLE READ"), actor, role=role) as session:
        yield session
