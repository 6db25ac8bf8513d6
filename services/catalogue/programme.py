"""The programme: chapters with their competences, and the subjects a pupil follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from models.curriculum import OptionCode, Subject, Track, Voie
from services.catalogue.choices import option, series_subjects
from services.catalogue.programme_records import ChapterRecord
from services.catalogue.records import LEVEL_OF, TRACK_OF, Branch, branch_of
from services.catalogue.sources import programmes
from services.catalogue.subjects import chapter_subject, subject_label, subject_of

__all__ = [
    "Chapter",
    "Competence",
    "chapter",
    "chapters_by_code",
    "competence",
    "competences_by_code",
    "programme",
    "programme_text",
    "subject_label",
    "subjects_of",
]


@dataclass(frozen=True, slots=True)
class Competence:
    """Something a pupil learns to do."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a year's programme; `prerequisites` are the codes of others, linked by `why`."""

    code: str
    label: str
    subject: Subject
    track: Track
    competences: tuple[Competence, ...]
    prerequisites: tuple[str, ...] = ()
    why: str = ""


def programme(subject: Subject, track: Track, voie: Voie | None = None) -> tuple[Chapter, ...]:
    """The chapters of a subject's year, in the programme's order.

    Without a voie, those of every branch that teaches the subject, one branch after the other.
    Empty where the data has no chapters: EPS and Grand oral in première, the specialities of the
    series other than STMG, LLCA, arts, EPPCS and biologie-écologie.
    """
    if voie is not None:
        return _chapters().get((subject, track, branch_of(voie)), ())
    found = (
        one
        for branch in (Voie.GENERALE, Voie.STMG)
        for one in _chapters().get((subject, track, branch_of(branch)), ())
    )
    return tuple(dict.fromkeys(found))


def programme_text(subject: Subject, track: Track, voie: Voie) -> str | None:
    """The official text of a subject's year, with the sessions it holds for where that is known."""
    return _texts().get((subject, track, branch_of(voie)))


def chapter(code: str) -> Chapter | None:
    """The chapter of this code, if there is one."""
    return chapters_by_code().get(code)


def competence(code: str) -> Competence | None:
    """The competence of this code, if there is one."""
    return competences_by_code().get(code)


@cache
def chapters_by_code() -> Mapping[str, Chapter]:
    """Every chapter of every subject."""
    found = (chapter for chapters in _chapters().values() for chapter in chapters)
    return MappingProxyType({chapter.code: chapter for chapter in found})


@cache
def competences_by_code() -> Mapping[str, Competence]:
    """Every competence of every subject."""
    found = (one for subject in programmes().subjects for one in subject.competences)
    return MappingProxyType({one.code: Competence(one.code, one.label) for one in found})


def subjects_of(
    track: Track,
    voie: Voie,
    specialities: Sequence[Subject] = (),
    options: Sequence[OptionCode] = (),
) -> tuple[Subject, ...]:
    """The subjects that a pupil follows this year: common ones, specialities, options, Grand oral.

    `specialities` are those of the year; without any, a technological series has the two that it
    imposes. A pupil of première générale known to have left the speciality mathématiques has
    mathématiques spécifiques instead. Options count where the year offers them and they are a
    subject of the vocabulary.
    """
    optional = (
        subject_of(one.code)
        for one in map(option, options)
        if LEVEL_OF[track] in one.levels and branch_of(voie) in one.voies
    )
    specialities = specialities or (() if voie is Voie.GENERALE else series_subjects(voie))
    followed = (
        *_common(track, voie, specialities),
        *specialities,
        *(subject for subject in optional if subject),
        *((Subject.GRAND_ORAL,) if track is Track.TERMINALE else ()),
    )
    return tuple(dict.fromkeys(followed))


def _common(track: Track, voie: Voie, specialities: Sequence[Subject]) -> tuple[Subject, ...]:
    letters = Subject.FRANCAIS if track is Track.PREMIERE else Subject.PHILOSOPHIE
    common = (letters, Subject.HISTOIRE_GEO, Subject.EMC, Subject.LANGUES_VIVANTES, Subject.EPS)
    if voie is not Voie.GENERALE:
        return (*common, Subject.MATHS_TECHNO)
    sciences = (*common, Subject.ENSEIGNEMENT_SCIENTIFIQUE)
    if track is Track.PREMIERE and specialities and Subject.MATHS not in specialities:
        return (*sciences, Subject.MATHS_SPECIFIQUES)
    return sciences


@cache
def _texts() -> Mapping[tuple[Subject, Track, Branch], str]:
    return {
        (chapter_subject(taught.code, record.code), TRACK_OF[level.level], branch): level.programme
        for taught in programmes().subjects
        for level in taught.levels
        for record in level.chapters
        for branch in level.branches
    }


@cache
def _chapters() -> Mapping[tuple[Subject, Track, Branch], tuple[Chapter, ...]]:
    found: dict[tuple[Subject, Track, Branch], list[Chapter]] = {}
    for taught in programmes().subjects:
        for level in taught.levels:
            for record in level.chapters:
                subject = chapter_subject(taught.code, record.code)
                one = _chapter(record, subject, TRACK_OF[level.level])
                for branch in level.branches:
                    found.setdefault((subject, one.track, branch), []).append(one)
    return MappingProxyType({key: tuple(chapters) for key, chapters in found.items()})


def _chapter(record: ChapterRecord, subject: Subject, track: Track) -> Chapter:
    known = competences_by_code()
    return Chapter(
        code=record.code,
        label=record.label,
        subject=subject,
        track=track,
        competences=tuple(known[code] for code in record.competences),
        prerequisites=record.prerequisites,
        why=record.why or "",
    )
