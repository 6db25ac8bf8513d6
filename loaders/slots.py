"""A pupil's coaches' hours, and what is taken of them, within a window of time."""

from datetime import datetime
from uuid import UUID

from loaders.rows import Reader, Row, Statement

OFFERED = Statement(
    """
    SELECT coach_id, slot_start, slot_end, kinds FROM coach_availabilities
    WHERE coach_id = ANY ($1::text[])
      AND tstzrange(slot_start, slot_end) && tstzrange($2::timestamptz, $3::timestamptz)
    """,
    ("coaches", "starting", "ending"),
)

# the coaches' by the function that shows no more than that; the pupil's own under no coach
TAKEN = Statement(
    """
    SELECT coach_id, slot_start, slot_end
    FROM busy_slots($1::text[], $2::timestamptz, $3::timestamptz)
    UNION ALL
    SELECT NULL, slot_start, slot_end FROM sessions
    WHERE student_id = $4::uuid AND status <> 'Annulé'
      AND tstzrange(slot_start, slot_end) && tstzrange($2::timestamptz, $3::timestamptz)
    """,
    ("coaches", "starting", "ending", "student"),
)


async def offered(
    reader: Reader, coaches: list[str], *, starting: datetime, ending: datetime
) -> list[Row]:
    """The hours of the coaches that meet the window."""
    return await reader.rows(OFFERED, coaches=coaches, starting=starting, ending=ending)


async def taken(
    reader: Reader, coaches: list[str], student: UUID, *, starting: datetime, ending: datetime
) -> list[Row]:
    """What of the window the coaches' sessions take, and the student's."""
    return await reader.rows(
        TAKEN, coaches=coaches, student=student, starting=starting, ending=ending
    )
