"""What falls due in a session's year beside the épreuves: inscriptions, Grand oral, Parcoursup."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.curriculum import ExamPath
from services.catalogue.exam_paths import PATH_OF_PROFILE
from services.catalogue.examination import MILESTONE_LIST
from services.catalogue.records import OFFICIAL
from services.catalogue.rule_records import MilestoneRecord
from services.catalogue.sources import examination


class MilestoneKind(StrEnum):
    """What a milestone belongs to; the value is what the data file calls it."""

    INSCRIPTION = "bac"
    GRAND_ORAL = "grand_oral"
    PARCOURSUP = "parcoursup"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A thing to do between two days."""

    code: str
    label: str
    start: date
    end: date
    provisional: bool
    """True unless the dates are published in an official text."""
    reference: str | None
    recommended: bool
    """Advice of the school, which no text demands."""
    exam_paths: frozenset[ExamPath]
    """Whom it concerns."""
    note: str | None


def milestones(kind: MilestoneKind, session: int) -> tuple[Milestone, ...]:
    """The milestones of this kind on the way to this exam session, earliest first.

    Empty where nothing is known of the session. Those of the épreuves anticipées stand under the
    session in which the baccalauréat is awarded, a year after they are sat.
    """
    found = (
        _milestone(record)
        for name, records in examination().milestones.items()
        if (named := MILESTONE_LIST.fullmatch(name))
        and (named["kind"], int(named["session"])) == (kind.value, session)
        for record in records
    )
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.code)))


def _milestone(record: MilestoneRecord) -> Milestone:
    return Milestone(
        code=record.code,
        label=record.label,
        start=record.start,
        end=record.end,
        provisional=record.status not in OFFICIAL,
        reference=examination().reference((record.source,)),
        recommended=record.status == "recommended",
        exam_paths=frozenset(PATH_OF_PROFILE[one] for one in record.profiles or PATH_OF_PROFILE),
        note=record.note,
    )
