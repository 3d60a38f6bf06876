"""What do all tables share? Naming of constraints, column types, the tenant's composite keys.

Every table of a client carries `client_id` and a key `(client_id, id)`; foreign keys between such tables take both
columns, so that no row can point into another client's data, whatever the program does.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import UserDefinedType


class Base(DeclarativeBase):
    """The record's tables; constraints are named by what they guard, so that an error can be told by name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id: what orders changes by commit."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "XID8"


def new_id() -> UUID:
    """A UUIDv7: unique without asking the database, and ascending with time."""
    return uuid_utils.compat.uuid7()


Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Currency = Annotated[str, mapped_column(String(3))]
Code = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text)]
Document = Annotated[dict[str, Any], mapped_column(JSONB)]


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """`column` holds one of these words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def money(column: str) -> CheckConstraint:
    """A sum that is not negative and a number (`'NaN'::numeric >= 0` is true)."""
    return CheckConstraint(f"{column} >= 0 AND {column} <> 'NaN'::numeric", name=f"{column}_sum")


def currency(column: str = "currency") -> CheckConstraint:
    """An ISO 4217 code."""
    return CheckConstraint(f"{column} ~ '^[A-Z]{{3}}$'", name=f"{column}_code")


def place(prefix: str = "") -> CheckConstraint:
    """A latitude and longitude on Earth; NaN and infinity fail too."""
    return CheckConstraint(
        f"{prefix}lat BETWEEN -90 AND 90 AND {prefix}lng BETWEEN -180 AND 180", name=f"{prefix}place_on_earth"
    )


def tenant_key() -> UniqueConstraint:
    """What other tables of the same client refer to."""
    return UniqueConstraint("client_id", "id")


def tenant_fk(column: str, table: str, **options: Any) -> ForeignKeyConstraint:
    """A reference that cannot leave the client: `(client_id, column)` to `table (client_id, id)`."""
    return ForeignKeyConstraint(["client_id", column], [f"{table}.client_id", f"{table}.id"], **options)
