"""The tables"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geography
from sqlalchemy.dialects import postgresql

from dispatch.record.tables.base import Xid8

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_clients_currency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
    op.create_table(
        "companies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("name", name=op.f("uq_companies_name")),
    )
    op.create_table(
        "credential_kinds",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_screening", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_credential_kinds")),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("below_xid", Xid8(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "skills",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skills")),
    )
    op.create_table(
        "bundles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_bundles_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundles")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_bundles_client_id_id")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_bundles_client_id_name")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('operator', 'client_admin', 'requester', 'dispatcher', 'technician', 'company', 'gateway', 'engine')",
            name=op.f("ck_events_actor_kind_known"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('job', 'visit', 'offer', 'assignment', 'technician', 'credential', 'client')",
            name=op.f("ck_events_subject_kind_known"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_events_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("subject_kind", "subject_id", "seq", name=op.f("uq_events_subject_kind_subject_id_seq")),
    )
    op.create_index("ix_events_client_id_xid", "events", ["client_id", "xid"], unique=False)
    op.create_index("ix_events_xid", "events", ["xid"], unique=False)
    op.create_table(
        "pools",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_pools_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_pools_client_id_id")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_pools_client_id_name")),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("num", sa.Integer(), nullable=False),
        sa.Column("from_xid", Xid8(), nullable=False),
        sa.Column("below_xid", Xid8(), nullable=False),
        sa.Column("num_events", sa.Integer(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_events > 0", name=op.f("ck_seals_num_events_size")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_seals_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sa.UniqueConstraint(
            "client_id", "num", name=op.f("uq_seals_client_id_num"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_geospatial_table(
        "sites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("store_number", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("postcode", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=False),
        sa.Column(
            "point",
            Geography(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            sa.Computed("ST_SetSRID(ST_MakePoint(lng, lat), 4326)::geography", persisted=True),
            nullable=False,
        ),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("geofence_m", sa.Integer(), server_default="200", nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_phone", sa.Text(), nullable=True),
        sa.Column("access", sa.Text(), nullable=True),
        sa.Column("parking", sa.Text(), nullable=True),
        sa.Column("opening_hours", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("holiday_region", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("geofence_m BETWEEN 10 AND 100000", name=op.f("ck_sites_geofence_size")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180", name=op.f("ck_sites_place_on_earth")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sites_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_sites_client_id_id")),
        sa.UniqueConstraint("client_id", "store_number", name=op.f("uq_sites_client_id_store_number")),
    )
    op.create_index("ix_sites_client_id_cell", "sites", ["client_id", "cell"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role = 'operator') = (client_id IS NULL)", name=op.f("ck_staff_operator_has_no_client")),
        sa.CheckConstraint(
            "role IN ('operator', 'client_admin', 'requester', 'dispatcher')", name=op.f("ck_staff_role_known")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_staff_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint(
            "client_id", "email", name=op.f("uq_staff_client_id_email"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_geospatial_table(
        "technicians",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=64), server_default="active", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=False),
        sa.Column(
            "point",
            Geography(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeogFromText",
                name="geography",
                nullable=False,
            ),
            sa.Computed("ST_SetSRID(ST_MakePoint(lng, lat), 4326)::geography", persisted=True),
            nullable=False,
        ),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("radius_km", sa.Double(), nullable=True),
        sa.Column("area", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("in_market", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("clearance", sa.String(length=64), server_default="unknown", nullable=False),
        sa.Column("day_capacity", sa.SmallInteger(), nullable=True),
        sa.Column("min_hourly", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("works_in_quiet_hours", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("auto_min_hourly", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("auto_max_km", sa.Double(), nullable=True),
        sa.Column("auto_max_per_day", sa.SmallInteger(), nullable=True),
        sa.Column("auto_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("shares_position", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reputation", sa.Double(), server_default="0.5", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "auto_min_hourly >= 0 AND auto_min_hourly <> 'NaN'::numeric",
            name=op.f("ck_technicians_auto_min_hourly_sum"),
        ),
        sa.CheckConstraint(
            "clearance IN ('unknown', 'claimed', 'us_person', 'not_us_person')",
            name=op.f("ck_technicians_clearance_known"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_technicians_currency_code")),
        sa.CheckConstraint(
            "min_hourly >= 0 AND min_hourly <> 'NaN'::numeric", name=op.f("ck_technicians_min_hourly_sum")
        ),
        sa.CheckConstraint(
            "state IN ('invited', 'active', 'paused', 'suspended', 'left')", name=op.f("ck_technicians_state_known")
        ),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_technicians_quiet_both_ends")),
        sa.CheckConstraint(
            "auto_max_km > 0 AND auto_max_km <= 20038 AND auto_max_per_day > 0",
            name=op.f("ck_technicians_consent_size"),
        ),
        sa.CheckConstraint("day_capacity >= 0", name=op.f("ck_technicians_day_capacity_size")),
        sa.CheckConstraint(
            "lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180", name=op.f("ck_technicians_place_on_earth")
        ),
        sa.CheckConstraint(
            "num_nulls(auto_min_hourly, auto_max_km, auto_max_per_day) IN (0, 3)",
            name=op.f("ck_technicians_consent_whole"),
        ),
        sa.CheckConstraint("radius_km > 0 AND radius_km <= 20038", name=op.f("ck_technicians_radius_km_size")),
        sa.CheckConstraint("reputation BETWEEN 0 AND 1", name=op.f("ck_technicians_reputation_share")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_technicians_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technicians")),
        sa.UniqueConstraint("number", name=op.f("uq_technicians_number")),
    )
    op.create_index("ix_technicians_cell", "technicians", ["cell"], unique=False)
    op.create_index("ix_technicians_changed_xid", "technicians", ["changed_xid"], unique=False)
    op.create_index(op.f("ix_technicians_company_id"), "technicians", ["company_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN role IN ('client_admin', 'requester', 'dispatcher') THEN client_id IS NOT NULL AND num_nonnulls(technician_id, company_id) = 0 WHEN role = 'technician' THEN technician_id IS NOT NULL AND num_nonnulls(client_id, company_id) = 0 WHEN role = 'company' THEN company_id IS NOT NULL AND num_nonnulls(client_id, technician_id) = 0 ELSE num_nonnulls(client_id, technician_id, company_id) = 0 END",
            name=op.f("ck_api_keys_role_has_its_owner"),
        ),
        sa.CheckConstraint(
            "role IN ('operator', 'client_admin', 'requester', 'dispatcher', 'technician', 'company', 'gateway')",
            name=op.f("ck_api_keys_role_known"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_api_keys_client_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_api_keys_company_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_api_keys_staff_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_api_keys_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "board_frames",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_board_frames_client_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_board_frames_event_id")),
        sa.PrimaryKeyConstraint("client_id", "seq", name=op.f("pk_board_frames")),
        sa.UniqueConstraint("event_id", name=op.f("uq_board_frames_event_id")),
    )
    op.create_index("ix_board_frames_at", "board_frames", ["at"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("busy", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("technician_id"), "="),
            (sa.column("busy"), "&&"),
            where=sa.text("live"),
            using="gist",
            name="ex_bookings_no_overlap",
        ),
        sa.CheckConstraint(
            "upper(busy) - lower(busy) <= interval '14 days'", name=op.f("ck_bookings_busy_at_most_14_days")
        ),
        sa.CheckConstraint("NOT isempty(busy)", name=op.f("ck_bookings_busy_not_empty")),
        sa.CheckConstraint(
            "NOT lower_inf(busy) AND NOT upper_inf(busy) AND isfinite(lower(busy)) AND isfinite(upper(busy))",
            name=op.f("ck_bookings_busy_finite"),
        ),
        sa.CheckConstraint(
            "lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180", name=op.f("ck_bookings_place_on_earth")
        ),
        sa.CheckConstraint("lower_inc(busy) AND NOT upper_inc(busy)", name=op.f("ck_bookings_busy_half_open")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_bookings_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
    )
    op.create_index("ix_bookings_changed_xid", "bookings", ["changed_xid"], unique=False)
    op.create_table(
        "client_marks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('block', 'favourite')", name=op.f("ck_client_marks_kind_known")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_client_marks_client_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_client_marks_technician_id")),
        sa.PrimaryKeyConstraint("client_id", "technician_id", name=op.f("pk_client_marks")),
    )
    op.create_index("ix_client_marks_technician_id", "client_marks", ["technician_id"], unique=False)
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="claimed", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'revoked') = (revoked_at IS NOT NULL)", name=op.f("ck_credentials_revoked_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('claimed', 'submitted', 'verified', 'expired', 'revoked', 'rejected')",
            name=op.f("ck_credentials_state_known"),
        ),
        sa.CheckConstraint(
            "isfinite(valid_from) AND isfinite(valid_until)", name=op.f("ck_credentials_validity_finite")
        ),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_credentials_validity_order")),
        sa.ForeignKeyConstraint(["kind"], ["credential_kinds.code"], name=op.f("fk_credentials_kind")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_credentials_technician_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    op.create_index("ix_credentials_technician_id_kind", "credentials", ["technician_id", "kind"], unique=False)
    op.create_table(
        "day_asks",
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("num_asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("num_yes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("num_asked >= 0 AND num_yes >= 0", name=op.f("ck_day_asks_counts_size")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_day_asks_technician_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technician_id", "day", name=op.f("pk_day_asks")),
    )
    op.create_index("ix_day_asks_changed_xid", "day_asks", ["changed_xid"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("bundle_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("purchase_order", sa.String(length=64), nullable=True),
        sa.Column("project", sa.String(length=64), nullable=True),
        sa.Column("job_type", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="draft", nullable=False),
        sa.Column("mode", sa.String(length=64), server_default="first", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("unfilled", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_why", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_jobs_cancelled_has_time")
        ),
        sa.CheckConstraint("mode IN ('auto', 'first', 'manual')", name=op.f("ck_jobs_mode_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'assigned', 'in_progress', 'done', 'approved', 'paid', 'on_hold', 'unfilled', 'sent_back', 'cancelled', 'disputed')",
            name=op.f("ck_jobs_state_known"),
        ),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name=op.f("ck_jobs_priority_range")),
        sa.ForeignKeyConstraint(
            ["client_id", "bundle_id"], ["bundles.client_id", "bundles.id"], name=op.f("fk_jobs_client_id_bundle_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "site_id"], ["sites.client_id", "sites.id"], name=op.f("fk_jobs_client_id_site_id")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_jobs_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_jobs_client_id_id")),
        sa.UniqueConstraint("client_id", "number", name=op.f("uq_jobs_client_id_number")),
    )
    op.create_index("ix_jobs_client_id_bundle_id", "jobs", ["client_id", "bundle_id"], unique=False)
    op.create_index("ix_jobs_client_id_site_id", "jobs", ["client_id", "site_id"], unique=False)
    op.create_index("ix_jobs_client_id_state", "jobs", ["client_id", "state"], unique=False)
    op.create_table(
        "pool_members",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "pool_id"], ["pools.client_id", "pools.id"], name=op.f("fk_pool_members_client_id_pool_id")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_pool_members_technician_id")),
        sa.PrimaryKeyConstraint("pool_id", "technician_id", name=op.f("pk_pool_members")),
    )
    op.create_index("ix_pool_members_technician_id", "pool_members", ["technician_id"], unique=False)
    op.create_table(
        "technician_marks",
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('block', 'favourite')", name=op.f("ck_technician_marks_kind_known")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_technician_marks_client_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_technician_marks_technician_id")),
        sa.PrimaryKeyConstraint("technician_id", "client_id", name=op.f("pk_technician_marks")),
    )
    op.create_table(
        "technician_skills",
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.String(length=64), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_technician_skills_level_range")),
        sa.ForeignKeyConstraint(["skill"], ["skills.code"], name=op.f("fk_technician_skills_skill")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_technician_skills_technician_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technician_id", "skill", name=op.f("pk_technician_skills")),
    )
    op.create_table(
        "time_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during) AND isfinite(lower(during)) AND isfinite(upper(during))",
            name=op.f("ck_time_off_during_finite"),
        ),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_time_off_technician_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_technician_id", "time_off", ["technician_id"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("from_minute", sa.SmallInteger(), nullable=False),
        sa.Column("to_minute", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(
            "0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440",
            name=op.f("ck_working_hours_minutes_order"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_working_hours_weekday_range")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_working_hours_technician_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("technician_id", "weekday", "from_minute", name=op.f("pk_working_hours")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("engine_version", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_decisions_client_id_job_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_decisions_client_id_id")),
    )
    op.create_index("ix_decisions_client_id_job_id", "decisions", ["client_id", "job_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("api_key_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_idempotency_keys_api_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("api_key_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "terms",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_terms_client_id_job_id")
        ),
        sa.PrimaryKeyConstraint("job_id", "version", name=op.f("pk_terms")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("num", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="planned", nullable=False),
        sa.Column("asked_time", sa.String(length=64), nullable=False),
        sa.Column("window_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_min", sa.Integer(), nullable=False),
        sa.Column("planned_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'checked_out') = (checked_out_at IS NOT NULL)", name=op.f("ck_visits_checked_out_has_time")
        ),
        sa.CheckConstraint("asked_time IN ('exact', 'window', 'asap')", name=op.f("ck_visits_asked_time_known")),
        sa.CheckConstraint(
            "state IN ('planned', 'confirmed', 'on_the_way', 'checked_in', 'checked_out', 'missed', 'cancelled')",
            name=op.f("ck_visits_state_known"),
        ),
        sa.CheckConstraint(
            "(planned_start_at IS NULL) = (planned_end_at IS NULL)", name=op.f("ck_visits_planned_both_ends")
        ),
        sa.CheckConstraint("checked_in_at <= checked_out_at", name=op.f("ck_visits_check_in_before_out")),
        sa.CheckConstraint("duration_min BETWEEN 1 AND 20160", name=op.f("ck_visits_duration_min_range")),
        sa.CheckConstraint(
            "isfinite(window_start_at) AND isfinite(window_end_at) AND window_end_at - window_start_at >= make_interval(mins => duration_min)",
            name=op.f("ck_visits_window_holds_work"),
        ),
        sa.CheckConstraint("planned_start_at < planned_end_at", name=op.f("ck_visits_planned_order")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_visits_client_id_job_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_visits_client_id_id")),
        sa.UniqueConstraint("job_id", "num", name=op.f("uq_visits_job_id_num")),
    )
    op.create_index("ix_visits_client_id_job_id", "visits", ["client_id", "job_id"], unique=False)
    op.create_table(
        "rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("num", sa.SmallInteger(), nullable=False),
        sa.Column("opened_why", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("num_waves", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_wave_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_ask", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "opened_why IN ('posted', 'terms_changed', 'backed_out', 'resumed')",
            name=op.f("ck_rounds_opened_why_known"),
        ),
        sa.CheckConstraint("closed_at IS NULL OR next_wave_at IS NULL", name=op.f("ck_rounds_closed_has_no_timer")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_rounds_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"], ["visits.client_id", "visits.id"], name=op.f("fk_rounds_client_id_visit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_rounds_client_id_id")),
        sa.UniqueConstraint("visit_id", "role", "num", name=op.f("uq_rounds_visit_id_role_num")),
    )
    op.create_index("ix_rounds_client_id_job_id", "rounds", ["client_id", "job_id"], unique=False)
    op.create_index(
        "ix_rounds_next_wave_at",
        "rounds",
        ["next_wave_at"],
        unique=False,
        postgresql_where=sa.text("next_wave_at IS NOT NULL"),
    )
    op.create_index(
        "uq_rounds_open", "rounds", ["visit_id", "role"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("num", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("role", sa.String(length=64), server_default="technician", nullable=False),
        sa.Column("is_lead", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("needs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pay_kind", sa.String(length=64), nullable=False),
        sa.Column("pay_amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'filled') = (technician_id IS NOT NULL)", name=op.f("ck_slots_filled_has_technician")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_slots_currency_code")),
        sa.CheckConstraint("pay_amount >= 0 AND pay_amount <> 'NaN'::numeric", name=op.f("ck_slots_pay_amount_sum")),
        sa.CheckConstraint("pay_kind IN ('fixed', 'hourly')", name=op.f("ck_slots_pay_kind_known")),
        sa.CheckConstraint("state IN ('open', 'filled', 'closed')", name=op.f("ck_slots_state_known")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_slots_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"], ["visits.client_id", "visits.id"], name=op.f("fk_slots_client_id_visit_id")
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_slots_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_slots_client_id_id")),
        sa.UniqueConstraint("visit_id", "num", name=op.f("uq_slots_visit_id_num")),
    )
    op.create_index("ix_slots_client_id_job_id", "slots", ["client_id", "job_id"], unique=False)
    op.create_index("uq_slots_visit_id_technician_id", "slots", ["visit_id", "technician_id"], unique=True)
    op.create_table(
        "waves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("num", sa.SmallInteger(), nullable=False),
        sa.Column("num_asked", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sent_at <= until_at", name=op.f("ck_waves_until_after_sent")),
        sa.ForeignKeyConstraint(
            ["client_id", "decision_id"],
            ["decisions.client_id", "decisions.id"],
            name=op.f("fk_waves_client_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "round_id"], ["rounds.client_id", "rounds.id"], name=op.f("fk_waves_client_id_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waves")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_waves_client_id_id")),
        sa.UniqueConstraint("round_id", "num", name=op.f("uq_waves_round_id_num")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=64), server_default="sent", nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("travel_s", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('sent', 'viewed', 'requested', 'countered', 'accepted', 'declined', 'expired', 'withdrawn', 'not_chosen')",
            name=op.f("ck_offers_state_known"),
        ),
        sa.CheckConstraint("isfinite(expires_at)", name=op.f("ck_offers_expires_finite")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_offers_score_share")),
        sa.CheckConstraint("sent_at <= expires_at", name=op.f("ck_offers_expires_after_sent")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_offers_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "round_id"], ["rounds.client_id", "rounds.id"], name=op.f("fk_offers_client_id_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"], ["visits.client_id", "visits.id"], name=op.f("fk_offers_client_id_visit_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "wave_id"], ["waves.client_id", "waves.id"], name=op.f("fk_offers_client_id_wave_id")
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_offers_company_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_offers_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_offers_client_id_id")),
        sa.UniqueConstraint("round_id", "technician_id", name=op.f("uq_offers_round_id_technician_id")),
    )
    op.create_index("ix_offers_client_id_job_id", "offers", ["client_id", "job_id"], unique=False)
    op.create_index(op.f("ix_offers_company_id"), "offers", ["company_id"], unique=False)
    op.create_index(
        "ix_offers_expires_at",
        "offers",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('sent', 'viewed', 'requested', 'countered')"),
    )
    op.create_index("ix_offers_technician_id_sent_at", "offers", ["technician_id", "sent_at"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="live", nullable=False),
        sa.Column("mode", sa.String(length=64), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("pay_kind", sa.String(length=64), nullable=False),
        sa.Column("pay_amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hand_back_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_why", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(state = 'live') = (ended_at IS NULL)", name=op.f("ck_assignments_ended_has_time")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_assignments_currency_code")),
        sa.CheckConstraint("mode IN ('auto', 'first', 'manual')", name=op.f("ck_assignments_mode_known")),
        sa.CheckConstraint(
            "pay_amount >= 0 AND pay_amount <> 'NaN'::numeric", name=op.f("ck_assignments_pay_amount_sum")
        ),
        sa.CheckConstraint("pay_kind IN ('fixed', 'hourly')", name=op.f("ck_assignments_pay_kind_known")),
        sa.CheckConstraint(
            "state IN ('live', 'released', 'substituted', 'finished')", name=op.f("ck_assignments_state_known")
        ),
        sa.CheckConstraint("start_at < end_at", name=op.f("ck_assignments_start_before_end")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_assignments_booking_id")),
        sa.ForeignKeyConstraint(
            ["client_id", "job_id"], ["jobs.client_id", "jobs.id"], name=op.f("fk_assignments_client_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "offer_id"], ["offers.client_id", "offers.id"], name=op.f("fk_assignments_client_id_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "slot_id"], ["slots.client_id", "slots.id"], name=op.f("fk_assignments_client_id_slot_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "visit_id"], ["visits.client_id", "visits.id"], name=op.f("fk_assignments_client_id_visit_id")
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_assignments_company_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_assignments_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_assignments_booking_id")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_assignments_client_id_id")),
    )
    op.create_index("ix_assignments_client_id_job_id", "assignments", ["client_id", "job_id"], unique=False)
    op.create_index("ix_assignments_technician_id", "assignments", ["technician_id"], unique=False)
    op.create_index(
        "uq_assignments_live_slot", "assignments", ["slot_id"], unique=True, postgresql_where=sa.text("state = 'live'")
    )
    op.create_table(
        "counters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("pay_kind", sa.String(length=64), nullable=True),
        sa.Column("pay_amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_counters_currency_code")),
        sa.CheckConstraint("pay_amount >= 0 AND pay_amount <> 'NaN'::numeric", name=op.f("ck_counters_pay_amount_sum")),
        sa.CheckConstraint("pay_kind IN ('fixed', 'hourly')", name=op.f("ck_counters_pay_kind_known")),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_counters_state_known")
        ),
        sa.CheckConstraint("num_nulls(pay_kind, pay_amount, currency) IN (0, 3)", name=op.f("ck_counters_pay_whole")),
        sa.CheckConstraint(
            "pay_amount IS NOT NULL OR start_at IS NOT NULL", name=op.f("ck_counters_asks_for_something")
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "offer_id"], ["offers.client_id", "offers.id"], name=op.f("fk_counters_client_id_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counters")),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_counters_client_id_id")),
    )
    op.create_index(
        "uq_counters_open", "counters", ["offer_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )


def downgrade() -> None:
    op.drop_index("uq_counters_open", table_name="counters", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("counters")
    op.drop_index("uq_assignments_live_slot", table_name="assignments", postgresql_where=sa.text("state = 'live'"))
    op.drop_index("ix_assignments_technician_id", table_name="assignments")
    op.drop_index("ix_assignments_client_id_job_id", table_name="assignments")
    op.drop_table("assignments")
    op.drop_index("ix_offers_technician_id_sent_at", table_name="offers")
    op.drop_index(
        "ix_offers_expires_at",
        table_name="offers",
        postgresql_where=sa.text("state IN ('sent', 'viewed', 'requested', 'countered')"),
    )
    op.drop_index(op.f("ix_offers_company_id"), table_name="offers")
    op.drop_index("ix_offers_client_id_job_id", table_name="offers")
    op.drop_table("offers")
    op.drop_table("waves")
    op.drop_index("uq_slots_visit_id_technician_id", table_name="slots")
    op.drop_index("ix_slots_client_id_job_id", table_name="slots")
    op.drop_table("slots")
    op.drop_index("uq_rounds_open", table_name="rounds", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_rounds_next_wave_at", table_name="rounds", postgresql_where=sa.text("next_wave_at IS NOT NULL"))
    op.drop_index("ix_rounds_client_id_job_id", table_name="rounds")
    op.drop_table("rounds")
    op.drop_index("ix_visits_client_id_job_id", table_name="visits")
    op.drop_table("visits")
    op.drop_table("terms")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_decisions_client_id_job_id", table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("working_hours")
    op.drop_index("ix_time_off_technician_id", table_name="time_off")
    op.drop_table("time_off")
    op.drop_table("technician_skills")
    op.drop_table("technician_marks")
    op.drop_index("ix_pool_members_technician_id", table_name="pool_members")
    op.drop_table("pool_members")
    op.drop_index("ix_jobs_client_id_state", table_name="jobs")
    op.drop_index("ix_jobs_client_id_site_id", table_name="jobs")
    op.drop_index("ix_jobs_client_id_bundle_id", table_name="jobs")
    op.drop_table("jobs")
    op.drop_index("ix_day_asks_changed_xid", table_name="day_asks")
    op.drop_table("day_asks")
    op.drop_index("ix_credentials_technician_id_kind", table_name="credentials")
    op.drop_table("credentials")
    op.drop_index("ix_client_marks_technician_id", table_name="client_marks")
    op.drop_table("client_marks")
    op.drop_index("ix_bookings_changed_xid", table_name="bookings")
    op.drop_table("bookings")
    op.drop_index("ix_board_frames_at", table_name="board_frames")
    op.drop_table("board_frames")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_technicians_company_id"), table_name="technicians")
    op.drop_index("ix_technicians_changed_xid", table_name="technicians")
    op.drop_index("ix_technicians_cell", table_name="technicians")
    op.drop_geospatial_table("technicians")
    op.drop_table("staff")
    op.drop_index("ix_sites_client_id_cell", table_name="sites")
    op.drop_geospatial_table("sites")
    op.drop_table("seals")
    op.drop_table("pools")
    op.drop_index("ix_events_xid", table_name="events")
    op.drop_index("ix_events_client_id_xid", table_name="events")
    op.drop_table("events")
    op.drop_table("bundles")
    op.drop_table("skills")
    op.drop_table("cursors")
    op.drop_table("credential_kinds")
    op.drop_table("companies")
    op.drop_table("clients")
