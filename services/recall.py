"""When what was measured is due again: spaced repetition by FSRS, the one rule for it.

FSRS (Free Spaced Repetition Scheduler, the package `fsrs` with its published parameters) says how
long a memory lasts from how well it was shown, time after time. A review is due when the expected
chance to recall has fallen to `RETENTION`. The rows keep a mastery, a number of measures and what
the last one showed, not every measure: those before the last count as if each had shown what is
mastered now, on the day it was due.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from fsrs import Card, Rating, Scheduler

RETENTION = 0.9
"""A competence is due again once the chance to recall it has fallen to this."""

LONGEST = timedelta(days=90)
"""No review waits longer than a trimestre."""

AT_ONCE = timedelta(days=1)
"""What failed is learnt again the next day, however well it was known before."""

COUNTED = 6
"""More measures than this move reviews no further apart."""

RATINGS = ((0.4, Rating.Again), (0.6, Rating.Hard), (0.8, Rating.Good))
"""What a mastery below each bound shows; from the last on it shows ease."""


def due_at(
    score: float, evidence_count: int, measured_at: datetime, shown: float | None = None
) -> datetime:
    """When a competence is due for review: later the better and the oftener it was shown.

    `score` is its mastery (0..1) after `evidence_count` measures, the last of which showed `shown`
    (0..1; as much as is mastered, where that is not known) at `measured_at`.
    """
    last = score if shown is None else shown
    count = min(max(evidence_count, 1), COUNTED)
    return measured_at + interval(rating(score), count, rating(last))


def rating(score: float) -> Rating:
    """What a mastery (0..1) is as the answer to a review."""
    return next((found for bound, found in RATINGS if score < bound), Rating.Easy)


@cache
def interval(known: Rating, count: int, last: Rating) -> timedelta:
    """The time after the last of so many reviews, each held when due; those before the last are
    answered alike."""
    if last is Rating.Again:
        return AT_ONCE
    scheduler = Scheduler(
        desired_retention=RETENTION,
        learning_steps=(),
        relearning_steps=(),
        maximum_interval=LONGEST.days,
        enable_fuzzing=False,  # the same measures are due on the same day, always
    )
    card, at = Card(card_id=1), datetime(2000, 1, 1, tzinfo=UTC)
    for _ in range(count - 1):
        card, _ = scheduler.review_card(card, known, at)
        at = card.due
    card, _ = scheduler.review_card(card, last, at)
    return card.due - at
