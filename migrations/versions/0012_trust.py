"""Trust: the subjects of its events"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SUBJECTS = (
    "job",
    "visit",
    "offer",
    "assignment",
    "technician",
    "credential",
    "client",
    "proposal",
    "part",
    "alarm",
    "message",
    "webhook",
    "series",
)
MORE_SUBJECTS = ("admission", "agreement", "removal", "transaction", "payout", "dispute", "appeal", "review")


def upgrade() -> None:
    _know_subjects((*SUBJECTS, *MORE_SUBJECTS))


def _know_subjects(subjects: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{subject}'" for subject in subjects)
    op.drop_constraint("ck_events_subject_kind_known", "events")
    op.create_check_constraint(op.f("ck_events_subject_kind_known"), "events", f"subject_kind IN ({listed})")


def downgrade() -> None:
    _know_subjects(SUBJECTS)
