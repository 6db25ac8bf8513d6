"""Keep why the coach set a task, what it is for, and whether a person took it over.

Revision ID: reason_tasks
Revises: plan_epreuves
"""

import sqlalchemy as sa
from alembic import op

revision = "reason_tasks"
down_revision = "plan_epreuves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for column in (
        sa.Column("motive", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("taken_over", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("tasks", column, schema="nexus_app")
    op.create_check_constraint(
        op.f("ck_tasks_reason_length"),
        "tasks",
        "char_length(reason) BETWEEN 1 AND 1000",
        schema="nexus_app",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for column in ("taken_over", "reason", "motive"):
        op.drop_column("tasks", column, schema="nexus_app")
