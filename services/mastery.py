"""What a measure of a competence does to its mastery: values in, values out.

The model, in three words. *Number*: the first six measures of a competence weigh the same.
*Recency*: from then on a new one always weighs a sixth, and what was known loses half of its weight
every 90 days, so that after a long silence the new measure decides. *Difficulty*: a measure of
something hard shows more than its score, one of something easy less. Mastery stays between what was
known and what was shown, and never falls when a measure is better.
"""

from datetime import timedelta

REMEMBERED = 6
"""From this many measures on, a new one always weighs 1/6: what was long ago fades."""

HALF_LIFE = timedelta(days=90)
"""After a trimestre without a measure, what was known weighs half."""

USUAL = 0.5
"""The difficulty of a measure that says nothing about it."""


def updated(
    before: float | None,
    evidence_count: int,
    score: float,
    *,
    difficulty: float = USUAL,
    age: timedelta = timedelta(),
) -> tuple[float, int]:
    """The mastery (0..1) after one more measure, and how many measures it then rests on.

    The first measure is the mastery. A later one pulls it towards what it shows: the weighted mean
    of what was known and of what is shown, in which the latter weighs 1/(m + 1). Of n measures,
    m = min(n, 5) count, halved for every 90 whole days of `age`, the time since the last of them.
    The result lies between the two, and never falls when either is higher.
    """
    seen = shown(score, difficulty)
    if before is None or evidence_count == 0:
        return seen, 1
    counted = min(evidence_count, REMEMBERED - 1) * 0.5 ** (max(age.days, 0) / HALF_LIFE.days)
    weight = 1 / (counted + 1)
    mean = before * (1 - weight) + seen * weight
    # rounding must not lead out of what lies between
    return min(max(mean, min(before, seen)), max(before, seen)), evidence_count + 1


def shown(score: float, difficulty: float = USUAL) -> float:
    """The mastery (0..1) that a score shows: score ** 2 ** (1 - 2·difficulty).

    Of usual difficulty it is the score itself; of the hardest its square root, of the easiest its
    square. It never falls when either is higher; nothing and everything stay what they are.
    """
    return score if difficulty == USUAL else score**2 ** (1 - 2 * difficulty)
