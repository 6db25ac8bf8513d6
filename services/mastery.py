"""What a measure of a competence does to its mastery: values in, values out."""

REMEMBERED = 6
"""From this many measures on, a new one always weighs 1/6: what was long ago fades."""


def updated(before: float | None, evidence_count: int, score: float) -> tuple[float, int]:
    """The mastery (0..1) after one more measure, and how many measures it then rests on.

    The first measure is the mastery. A later one pulls it towards its score: the weighted mean of
    what was known and of the score, in which the score weighs 1/min(n + 1, 6) after n measures. So
    the first six measures count the same, and after them the recent ones count more. The result
    lies between the two, and never falls when either is higher.
    """
    if before is None or evidence_count == 0:
        return score, 1
    weight = 1 / min(evidence_count + 1, REMEMBERED)
    mean = before * (1 - weight) + score * weight
    # rounding must not lead out of what lies between
    return min(max(mean, min(before, score)), max(before, score)), evidence_count + 1
