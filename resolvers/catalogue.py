"""The programme and the regulation."""

from models.curriculum import ExamPath, OptionCode, Subject, Track, Voie
from resolvers.inputs import refused
from services.catalogue import programme as programmes
from services.catalogue import regulation
from services.catalogue.programme import Chapter, Competence
from services.catalogue.regulation import IncompatibleChoice, RegulationEntry, UnknownRegulation


def programme(subject: Subject, track: Track) -> list[Chapter]:
    """The programme: chapters with their competences."""
    return list(programmes.programme(subject, track))


def reglement(
    exam_path: ExamPath,
    exam_session: int,
    voie: Voie = Voie.GENERALE,
    specialities: list[Subject] | None = None,
    specialite_abandonnee: Subject | None = None,
    options: list[OptionCode] | None = None,
) -> list[RegulationEntry]:
    """The regulation's exam list for a profile, before any student: what a plan is made from."""
    try:
        return regulation.reglement(
            exam_path,
            voie,
            exam_session,
            specialities or (),
            specialite_abandonnee,
            options or (),
        )
    except (UnknownRegulation, IncompatibleChoice) as error:
        raise refused(str(error)) from None


def prerequisites(root: Chapter) -> list[Chapter]:
    """The chapters to know before this one."""
    return [found for code in root.prerequisites if (found := programmes.chapter(code))]


def chapter(code: str | None) -> Chapter | None:
    """The chapter that a row names."""
    return programmes.chapter(code) if code is not None else None


def competence(code: str) -> Competence | None:
    """The competence that a row names."""
    return programmes.competence(code)
