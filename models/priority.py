"""The coach's rule for what comes first: one formula, for floats and for SQL expressions alike."""

from typing import Any

UNKNOWN_MASTERY = 0.5  # a chapter never measured counts as half known


def priority(*, weight: Any, days_to_due: Any, mastery: Any, days_to_exam: Any) -> Any:
    """How soon a task should be done; higher is sooner.

    `(1 + weight) · (1 + 2 / (1 + days_to_due/3)) · (2 - mastery) · (1 + 1 / (1 + days_to_exam/30))`

    Args:
        weight: what its author gave it, 0..5.
        days_to_due: days left, ≥ 0; 0 once overdue, infinity without a due date.
        mastery: mean mastery of its chapter, 0..1; `UNKNOWN_MASTERY` where never measured.
        days_to_exam: days to the next dated épreuve of its subject, ≥ 0; infinity without one.

    Returns:
        A value in [1, 72]. It grows with `weight` and falls with each of the other three: a task
        due today weighs three times one without a date, a chapter unknown twice a chapter mastered,
        an exam today twice an exam never. Uses + - * / alone, so that Python and PostgreSQL, which
        both compute in IEEE doubles, give the same number.
    """
    urgency = 1.0 + 2.0 / (1.0 + days_to_due / 3.0)
    need = 2.0 - mastery
    nearness = 1.0 + 1.0 / (1.0 + days_to_exam / 30.0)
    return (1.0 + weight) * urgency * need * nearness


def growth_by_due(days: Any) -> Any:
    """How much a priority's logarithm grows in a day, `days` before its task is due: 2/9 at most.

    More days, less growth; what is overdue, or never due, does not grow by it. A priority never
    falls, but at a midnight in UTC, when an exam is over.
    """
    return (2.0 / 3.0) / ((1.0 + days / 3.0) * (3.0 + days / 3.0))


def growth_by_exam(days: Any) -> Any:
    """The same of the exam, `days` before it: 1/60 at most."""
    return (1.0 / 30.0) / ((1.0 + days / 30.0) * (2.0 + days / 30.0))
