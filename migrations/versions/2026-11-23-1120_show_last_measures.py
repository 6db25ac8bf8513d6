"""Keep what the last measure of a competence showed: a review follows it, not the mean alone.

Revision ID: show_last_measures
Revises: weigh_open_specialities
"""

from alembic import op

revision = "show_last_measures"
down_revision = "weigh_open_specialities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute(
        "ALTER TABLE nexus_app.progress ADD COLUMN last_shown double precision"
        " CONSTRAINT ck_progress_last_shown_range CHECK (last_shown BETWEEN 0 AND 1)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute("ALTER TABLE nexus_app.progress DROP COLUMN last_shown")
