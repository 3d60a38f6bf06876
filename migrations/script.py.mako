"""${message}"""

from geoalchemy2 import Geography
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from dispatch.record.tables.base import Xid8

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
