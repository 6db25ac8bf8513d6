"""Keep the coach's own words of a task that a language model worded.

Revision ID: word_tasks
Revises: reason_tasks
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "word_tasks"
down_revision = "reason_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.add_column("tasks", sa.Column("wording", JSONB()), schema="nexus_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.drop_column("tasks", "wording", schema="nexus_app")
