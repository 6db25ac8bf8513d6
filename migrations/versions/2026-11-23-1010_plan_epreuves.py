"""Keep what a plan is made of: windows of épreuves, marks that are known, dispensations.

Revision ID: plan_epreuves
Revises: cover_reads
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "plan_epreuves"
down_revision = "cover_reads"
branch_labels = None
depends_on = None

DISPENSE = postgresql.ENUM(
    "EPS",
    "LVB",
    "GENERALE_VERS_TECHNO",
    "TECHNO_VERS_GENERALE",
    "CHANGEMENT_DE_SERIE",
    "VOIE_PROFESSIONNELLE",
    "MATHS_ANTICIPEES",
    "SYSTEME_ETRANGER",
    name="dispense",
    schema="nexus_app",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    DISPENSE.create(op.get_bind())
    kind = postgresql.ENUM(name="dispense", schema="nexus_app", create_type=False)
    op.add_column(
        "students",
        sa.Column("dispenses", postgresql.ARRAY(kind), nullable=False, server_default="{}"),
        schema="nexus_app",
    )
    for column in (
        sa.Column("window_start", sa.Date()),
        sa.Column("window_end", sa.Date()),
        sa.Column("mark_20", sa.Float()),
    ):
        op.add_column("epreuves_plan", column, schema="nexus_app")
    op.create_check_constraint(
        op.f("ck_epreuves_plan_mark_20_range"),
        "epreuves_plan",
        "mark_20 BETWEEN 0 AND 20",
        schema="nexus_app",
    )
    op.create_check_constraint(
        op.f("ck_epreuves_plan_window_forwards"),
        "epreuves_plan",
        "window_end >= window_start",
        schema="nexus_app",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for column in ("mark_20", "window_end", "window_start"):
        op.drop_column("epreuves_plan", column, schema="nexus_app")
    op.drop_column("students", "dispenses", schema="nexus_app")
    DISPENSE.drop(op.get_bind())
