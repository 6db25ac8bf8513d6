"""Rows that were there before figures were kept have theirs once the migration has run."""

import asyncio
from datetime import timedelta

import asyncpg
from conftest import CLOCK, database, migrate
from factories import insert, pupil
from reckoned_figures import kept, reckoned

from gateway.embedded import Servers

BEFORE = "show_last_measures"
SUITES = {"subject": "MATHS", "chapter_code": "MATHS-T-SUITES"}


async def fill(dsn: str) -> None:
    """Two pupils with work, measures, a plan, marks and acts, and one with nothing."""
    db = await asyncpg.connect(dsn)
    await pupil(db)
    for day in (2, 3):
        id = await pupil(db, track="Premiere", specialities=["MATHS", "NSI", "SES"])
        await insert(db, "progress", student_id=id, score=day / 7)
        await insert(db, "epreuves_plan", student_id=id, subject="MATHS", scheduled_at=CLOCK.date())
        await insert(db, "epreuves_plan", student_id=id, code="E-SPE", weight=16.1)
        await insert(db, "tasks", student_id=id, **SUITES)
        await insert(db, "tasks", student_id=id)
        await insert(db, "evaluations", student_id=id, status="Corrigé", score_20=12.5,
                     submitted_at=CLOCK, graded_at=CLOCK)  # fmt: skip
        for seq in range(1, day + 1):
            await insert(db, "events", student_id=id, seq=seq, at=CLOCK - timedelta(days=seq),
                         actor_role="STUDENT", actor_agent=None)  # fmt: skip
    await db.close()


async def both(dsn: str) -> tuple[object, object]:
    db = await asyncpg.connect(dsn)
    found = await kept(db), await reckoned(db)
    await db.close()
    return found


def test_rows_that_were_there_before_have_their_figures(servers: Servers) -> None:
    with database(servers) as dsn:
        migrate(dsn, BEFORE)
        asyncio.run(fill(dsn))
        migrate(dsn)
        said, expected = asyncio.run(both(dsn))
    assert said == expected
