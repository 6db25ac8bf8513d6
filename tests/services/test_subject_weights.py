"""What a subject weighs in a plan, while the specialities of première are still open."""

import pytest

from models.curriculum import Subject
from services.dashboard import subject_weights

OF_PREMIERE = [Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.NSI]


def test_each_speciality_of_premiere_weighs_a_third_of_what_is_open():
    weights = subject_weights({Subject.MATHS: 2.0, Subject.FRANCAIS: 10.0}, 40.0, OF_PREMIERE)
    assert weights == {
        Subject.MATHS: pytest.approx(2 + 40 / 3),
        Subject.FRANCAIS: 10,
        Subject.PHYSIQUE_CHIMIE: pytest.approx(40 / 3),
        Subject.NSI: pytest.approx(40 / 3),
    }


def test_what_is_open_weighs_nothing_while_no_speciality_is_known():
    assert subject_weights({Subject.FRANCAIS: 10.0}, 40.0, []) == {Subject.FRANCAIS: 10}
