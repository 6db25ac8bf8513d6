"""Let only its keepers change the library: whoever sees a resource may not therefore change it.

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

KEEPER = f"{ROLE} = 'ADMIN' OR {ROLE} = 'COACH' AND owner_id = {VIEWER}"
# restrictive: on top of the row gate, which stays the policy `viewer` of each table
RESTRICTIONS = {
    "resources": KEEPER,
    "resource_chunks": (
        "EXISTS (SELECT FROM nexus_app.resources r"
        f" WHERE r.id = resource_chunks.resource_id AND ({KEEPER}))"
    ),
    "favorites": f"{ROLE} IN ('ADMIN', 'STUDENT')",
}
CLAUSES = {
    "INSERT": "WITH CHECK ({0})",
    "UPDATE": "USING ({0}) WITH CHECK ({0})",
    "DELETE": "USING ({0})",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for table, predicate in RESTRICTIONS.items():
        for command, clause in CLAUSES.items():
            op.execute(
                f"CREATE POLICY keeper_{command.lower()} ON nexus_app.{table} AS RESTRICTIVE"
                f" FOR {command} TO nexus_api {clause.format(predicate)}"
            )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for table in RESTRICTIONS:
        for command in CLAUSES:
            op.execute(f"DROP POLICY keeper_{command.lower()} ON nexus_app.{table}")
