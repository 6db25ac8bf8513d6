"""A report's period is named as a French reader would name it."""

from datetime import date

import pytest

from models.vocabulary import ReportPeriodKind
from services.periods import Period

WEEK, MONTH, TRIMESTRE = ReportPeriodKind


@pytest.mark.parametrize(
    ("kind", "start", "end", "label"),
    [
        (WEEK, (2026, 11, 16), (2026, 11, 22), "Semaine du 16 au 22 novembre 2026"),
        (WEEK, (2026, 11, 30), (2026, 12, 6), "Semaine du 30 novembre au 6 décembre 2026"),
        (WEEK, (2026, 12, 28), (2027, 1, 3), "Semaine du 28 décembre 2026 au 3 janvier 2027"),
        (WEEK, (2027, 2, 1), (2027, 2, 7), "Semaine du 1er au 7 février 2027"),
        (WEEK, (2027, 1, 26), (2027, 2, 1), "Semaine du 26 janvier au 1er février 2027"),
        (MONTH, (2026, 11, 1), (2026, 11, 30), "Novembre 2026"),
        (MONTH, (2026, 8, 1), (2026, 8, 31), "Août 2026"),
        (MONTH, (2027, 2, 1), (2027, 2, 28), "Février 2027"),
        (TRIMESTRE, (2026, 9, 1), (2026, 11, 30), "Trimestre du 1er septembre au 30 novembre 2026"),
        (
            TRIMESTRE,
            (2026, 12, 1),
            (2027, 2, 28),
            "Trimestre du 1er décembre 2026 au 28 février 2027",
        ),
    ],
)
def test_a_period_has_its_french_name(kind, start, end, label):
    assert Period(kind, date(*start), date(*end)).label == label
