"""The shape of `data/programmes.yaml`, and what must hold between its parts."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.catalogue.records import (
    Branch,
    Confidence,
    Level,
    Record,
    Text,
    refuse,
    repeated,
)
from services.catalogue.subjects import CHAPTER_SUBJECTS, NoSubject, is_known, lookup

Code = Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")]


class Languages(Record):
    """The languages one may take as LVA or LVB."""

    lva_lvb: tuple[Text, ...]
    note: Text
    source: Text
    confidence: Confidence


class CompetenceRecord(Record):
    """Something a pupil learns to do."""

    code: Code
    label: Text


class ChapterRecord(Record):
    """A chapter, with the competences it trains."""

    code: Code
    label: Text
    part: str | None = None
    competences: tuple[Code, ...] = Field(min_length=1)
    prerequisites: tuple[Code, ...] = ()
    why: Text | None = None
    """What links it to its prerequisites."""


class LevelRecord(Record):
    """What is taught in one year of one branch."""

    level: Level
    voie: Branch
    shared_with: Branch | None = None
    kind: Literal["tronc_commun", "specialite", "option", "epreuve"]
    programme: Text
    confidence: Confidence
    exam: tuple[Text, ...]
    chapters: tuple[ChapterRecord, ...]

    @property
    def branches(self) -> frozenset[Branch]:
        """The branches that follow this programme."""
        return frozenset({self.voie, self.shared_with or self.voie})


class SubjectRecord(Record):
    """A subject with its competences and its years."""

    code: Text
    label: Text
    competences_status: Literal["official", "design", "official+design"]
    prerequisites_status: Literal["design"] | None = None
    """`design`: the order of the chapters is ours; no official programme sets it."""
    competences: tuple[CompetenceRecord, ...]
    levels: tuple[LevelRecord, ...]


class Work(Record):
    """A work of literature set for the French exam."""

    code: Text
    auteur: Text
    titre: Text
    parcours: str | None


class Works(Record):
    """The works set for one session."""

    session: int
    annee_de_premiere: Text
    voie: Branch
    reference: Text
    confidence: Confidence
    note: Text
    oeuvres: dict[Literal["POESIE", "IDEES", "ROMAN", "THEATRE"], tuple[Work, ...]]


class GrandOralCriterion(Record):
    """One heading of the Grand oral's grid, from worst to best."""

    code: Code
    label: Text
    descriptors: tuple[Text, ...]


class GrandOralGrid(Record):
    """The indicative grid of the Grand oral, which has no points."""

    reference: Text
    official_points: None
    note: Text
    levels: tuple[Text, ...]
    confidence: Confidence
    criteria: tuple[GrandOralCriterion, ...]


class FrenchOralCriterion(Record):
    """One part of the French oral, with its points."""

    code: Text
    label: Text
    points: int
    attendus: tuple[Text, ...]
    elements: tuple[Text, ...]


class FrenchOralGrid(Record):
    """The official grid of the French oral."""

    reference: Text
    total: int
    confidence: Confidence
    criteria: tuple[FrenchOralCriterion, ...]


class Grids(Record):
    """The grids by which orals are marked."""

    grand_oral: GrandOralGrid
    eaf_oral: FrenchOralGrid


class Programmes(Record):
    """Everything taught, subject by subject."""

    schema_version: Literal[1]
    as_of: Text
    code_rule: Text
    competences_note: Text
    limits: Text
    languages: Languages
    subjects: tuple[SubjectRecord, ...]
    oeuvres_francais: tuple[Works, ...]
    grilles: Grids

    def chapters(self) -> Iterator[ChapterRecord]:
        for subject in self.subjects:
            for level in subject.levels:
                yield from level.chapters

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse([*self._doubtful_subjects(), *self._doubtful_chapters()])
        return self

    def _doubtful_subjects(self) -> Iterator[str]:
        competences = (one.code for subject in self.subjects for one in subject.competences)
        yield from (f"competence {code} stands twice" for code in repeated(competences))
        yield from (
            f"subject {code} stands twice" for code in repeated(one.code for one in self.subjects)
        )
        for subject in self.subjects:
            if not is_known(subject.code):
                yield f"subject {subject.code} is not in subjects.py"
                continue
            known = {one.code for one in subject.competences}
            by_chapter = isinstance(lookup(subject.code), NoSubject)
            for level in subject.levels:
                for chapter in level.chapters:
                    if chapter.prerequisites and not subject.prerequisites_status:
                        yield f"chapter {chapter.code}: whose prerequisites? `prerequisites_status`"
                    if bool(chapter.prerequisites) is (chapter.why is None):
                        yield f"chapter {chapter.code}: prerequisites and `why` go together"
                    for code in set(chapter.competences) - known:
                        yield f"chapter {chapter.code}: unknown competence {code}"
                    if by_chapter and chapter.code not in CHAPTER_SUBJECTS:
                        yield f"chapter {chapter.code} is not in subjects.py"

    def _doubtful_chapters(self) -> Iterator[str]:
        codes = [chapter.code for chapter in self.chapters()]
        yield from (f"chapter {code} stands twice" for code in repeated(codes))
        yield from (
            f"subjects.py: chapter {code} does not exist"
            for code in CHAPTER_SUBJECTS.keys() - set(codes)
        )
        before = {chapter.code: chapter.prerequisites for chapter in self.chapters()}
        for code, prerequisites in before.items():
            for unknown in set(prerequisites) - before.keys():
                yield f"chapter {code}: unknown prerequisite {unknown}"
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            yield f"prerequisites go round in a circle: {' -> '.join(error.args[1])}"
