"""Let only those who teach keep the library, and only pupils say what they keep at hand.

Revision ID: keep_library
Revises: show_busy_slots
"""

from alembic import op

revision = "keep_library"
down_revision = "show_busy_slots"
branch_labels = None
depends_on = None

VIEWER = "(SELECT current_setting('nexus.viewer', true))"
ROLE = "(SELECT current_setting('nexus.role', true))"
MINE = "ANY ((SELECT nexus_app.viewer_students())::uuid[])"

OWN = f"{ROLE} = 'ADMIN' OR owner_id = {VIEWER}"
OWN_OF_COACH = f"{ROLE} = 'ADMIN' OR ({ROLE} = 'COACH' AND owner_id = {VIEWER})"
OF_PUPIL = f"{ROLE} = 'ADMIN' OR student_id = {MINE}"
BY_PUPIL = f"{ROLE} = 'ADMIN' OR ({ROLE} = 'STUDENT' AND student_id = {MINE})"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    keep_resources(OWN_OF_COACH)
    op.execute("DROP POLICY viewer ON nexus_app.favorites")
    op.execute(
        f"CREATE POLICY viewer ON nexus_app.favorites FOR SELECT TO nexus_api USING ({OF_PUPIL})"
    )
    op.execute(f"CREATE POLICY keeper ON nexus_app.favorites TO nexus_api USING ({BY_PUPIL})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute("DROP POLICY keeper ON nexus_app.favorites")
    op.execute("DROP POLICY viewer ON nexus_app.favorites")
    op.execute(f"CREATE POLICY viewer ON nexus_app.favorites TO nexus_api USING ({OF_PUPIL})")
    keep_resources(OWN)


def keep_resources(predicate: str) -> None:
    """Change who may write a resource and its passages."""
    op.execute(f"ALTER POLICY keeper ON nexus_app.resources USING ({predicate})")
    op.execute(
        "ALTER POLICY keeper ON nexus_app.resource_chunks USING (EXISTS ("
        "SELECT FROM nexus_app.resources r"
        f" WHERE r.id = resource_chunks.resource_id AND ({predicate})))"
    )
