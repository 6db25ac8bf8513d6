"""Show when coaches are busy, and nothing more: whom they see stays behind the row gate.

Revision ID: show_busy_slots
Revises: guard_rows
"""

from alembic import op

revision = "show_busy_slots"
down_revision = "guard_rows"
branch_labels = None
depends_on = None

BUSY_SLOTS = "nexus_app.busy_slots(text[], timestamptz, timestamptz)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    # runs as its owner: a pupil may know that an hour is taken, never by whom
    op.execute(
        """
        CREATE FUNCTION nexus_app.busy_slots(
          coach_ids text[], starting timestamptz, ending timestamptz
        ) RETURNS TABLE (coach_id text, slot_start timestamptz, slot_end timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
        SET search_path = nexus_app, pg_temp
        AS $$
          SELECT s.coach_id, s.slot_start, s.slot_end FROM sessions s
          WHERE s.coach_id = ANY (coach_ids) AND s.status <> 'Annulé'
            AND tstzrange(s.slot_start, s.slot_end) && tstzrange(starting, ending)
        $$
        """
    )
    op.execute(f"REVOKE EXECUTE ON FUNCTION {BUSY_SLOTS} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BUSY_SLOTS} TO nexus_api")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute(f"DROP FUNCTION {BUSY_SLOTS}")
