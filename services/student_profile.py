"""What a pupil is and follows, as one value: out of its row, into its row, into the journal."""

from dataclasses import dataclass
from typing import Any

from models.curriculum import Dispense, ExamPath, OptionCode, Profile, Subject, Track, Voie
from models.student import Student
from services.papers import LanguageChoice


@dataclass(frozen=True, slots=True)
class StudentProfile:
    """A whole, because most of its rules hold between fields."""

    display_name: str
    track: Track
    voie: Voie
    profile: Profile
    exam_path: ExamPath
    exam_session: int
    specialities: tuple[Subject, ...]
    specialite_abandonnee: Subject | None
    options: tuple[OptionCode, ...]
    languages: tuple[LanguageChoice, ...]
    time_zone: str
    dispenses: tuple[Dispense, ...] = ()

    @classmethod
    def of(cls, student: Student) -> "StudentProfile":
        return cls(
            display_name=student.display_name,
            track=student.track,
            voie=student.voie,
            profile=student.profile,
            exam_path=student.exam_path,
            exam_session=student.exam_session,
            specialities=tuple(student.specialities),
            specialite_abandonnee=student.specialite_abandonnee,
            options=tuple(student.options),
            languages=tuple(LanguageChoice(**one) for one in student.languages),
            time_zone=student.time_zone,
            dispenses=tuple(student.dispenses or ()),
        )

    def columns(self) -> dict[str, Any]:
        """As the row of `students` holds it."""
        return {
            "display_name": self.display_name,
            "track": self.track,
            "voie": self.voie,
            "profile": self.profile,
            "exam_path": self.exam_path,
            "exam_session": self.exam_session,
            "specialities": list(self.specialities),
            "specialite_abandonnee": self.specialite_abandonnee,
            "options": list(self.options),
            "languages": [_spoken(one) for one in self.languages],
            "time_zone": self.time_zone,
            "dispenses": list(self.dispenses),
        }

    def facts(self) -> dict[str, Any]:
        """What the journal may repeat, as clients say it: everything but the name."""
        given_up = self.specialite_abandonnee
        return {
            "track": self.track.name,
            "voie": self.voie.name,
            "profile": self.profile.name,
            "examPath": self.exam_path.name,
            "examSession": self.exam_session,
            "specialities": [one.name for one in self.specialities],
            "specialiteAbandonnee": given_up.name if given_up else None,
            "options": [one.name for one in self.options],
            "languages": [_spoken(one) for one in self.languages],
            "timeZone": self.time_zone,
            "dispenses": [one.name for one in self.dispenses],
        }


def _spoken(choice: LanguageChoice) -> dict[str, str]:
    return {"rank": choice.rank.name, "language": choice.language.name}
