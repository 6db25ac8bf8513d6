"""What a projection is made from beside the plan: graded evaluations and measured mastery."""

from uuid import UUID

from aiodataloader import DataLoader

from loaders.by_column import Loaders
from loaders.rows import Row, Statement

KNOWN = Statement(
    """
    SELECT k.id,
      coalesce((SELECT jsonb_agg(jsonb_build_array(subject, track, score_20)
          ORDER BY graded_at DESC, id DESC)
        FROM evaluations WHERE student_id = k.id AND status = 'Corrigé'), '[]') AS marks,
      coalesce((SELECT jsonb_agg(jsonb_build_array(subject, chapter_code, total, count))
        FROM (SELECT subject, chapter_code, sum(score) AS total, count(*) AS count
          FROM progress WHERE student_id = k.id
          GROUP BY subject, chapter_code ORDER BY subject, chapter_code) m), '[]') AS measured
    FROM unnest($1::uuid[]) AS k (id)
    """,
    ("keys",),
)


def known(loaders: Loaders) -> DataLoader[UUID, Row | None]:
    """`marks`: subject, track and score, latest first; `measured`: subject, chapter, sum, count."""

    async def batch(keys: list[UUID]) -> list[Row | None]:
        found = {row.id: row for row in await loaders.reader.rows(KNOWN, keys=keys)}
        return [found.get(key) for key in keys]

    return loaders.loader("known", batch)
