"""What the grader of a demo paper says, in the shape of the contract's `EvaluationFeedback`."""

from models.vocabulary import GradedBy
from services.demo_school.dice import Dice
from services.demo_school.mastery import Measure
from services.demo_school.texts import Exercise, Paper, phrases

LEVELS = (("full", 1.0), ("most", 0.7), ("half", 0.4), ("little", 0.0))
TONES = (("strong", 15.0), ("fair", 10.0), ("weak", 0.0))
RIGHT = 0.6
"""From this share of the points on, the good answer was read."""

SURE = 0.7
"""Under this confidence a coach is asked to look again."""


def feedback(
    paper: Paper, awarded: tuple[float, ...], measure: Measure, dice: Dice, *, by_coach: bool
) -> dict[str, object]:
    """Words and marks; a coach is sure, the agent more or less."""
    confidence = 1.0 if by_coach else round(0.55 + 0.43 * dice.random(), 2)
    return {
        "summary_md": _summary(paper, awarded),
        "graded_by": (GradedBy.COACH if by_coach else GradedBy.AGENT).value,
        "confidence": confidence,
        "needs_review": confidence < SURE,
        "items": [
            _item(number, item, points, 1.0 if by_coach else round(0.6 + 0.39 * dice.random(), 2))
            for number, (item, points) in enumerate(zip(paper.items, awarded, strict=True), 1)
        ],
        "competences": [
            {
                "chapter_code": result.chapter_code,
                "competence_code": result.competence_code,
                "before": before,
                "after": after,
            }
            for result, before, after in measure.changes
        ],
    }


def _item(number: int, item: Exercise, awarded: float, confidence: float) -> dict[str, object]:
    ratio = awarded / item.points
    level = next(level for level, least in LEVELS if ratio >= least)
    return {
        "number": number,
        "awarded": awarded,
        "points": item.points,
        "answer_read": item.good if ratio >= RIGHT else item.weak,
        "comment_md": phrases()["feedback"]["item"][level],
        "confidence": confidence,
    }


def _summary(paper: Paper, awarded: tuple[float, ...]) -> str:
    ratios = [points / item.points for item, points in zip(paper.items, awarded, strict=True)]
    tone = next(tone for tone, least in TONES if sum(awarded) >= least)
    text: str = phrases()["feedback"]["summary"][tone]
    return text.format(title=paper.title, worst=ratios.index(min(ratios)) + 1)
