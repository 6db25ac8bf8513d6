"""What parents are told."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from loaders.filters import equal
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.curriculum import Subject
from models.report import Report as ReportRow
from models.student import Student as StudentRow
from models.vocabulary import ReportPeriodKind
from schema.binding import derived, entity, one, renamed
from schema.shared import Node
from services import papers, periods

if TYPE_CHECKING:
    from schema.students import Student

REPORTS = Relation(
    "reports", ReportRow, ReportRow.student_id, filters={"kind": equal(ReportRow.period_kind)}
)
LATEST_REPORT = Order(
    "generated_at",
    (Key(ReportRow.generated_at, descending=True), Key(ReportRow.id, descending=True)),
)


@entity(periods.Period)
class ReportPeriod:
    """The days that a report covers, both ends included."""

    kind: ReportPeriodKind
    start: date
    end: date
    label: str


@entity(papers.SubjectKpi)
class SubjectKpi:
    """One subject over the period."""

    subject: Subject
    score: float
    delta: float | None
    average_score20: float | None = renamed("average_score_20")


@entity(papers.ReportKpis)
class ReportKpis:
    """The period in figures."""

    progress_overall: float
    progress_delta: float | None
    average_score20: float | None = renamed("average_score_20")
    evaluations_graded: int
    tasks_completed: int
    tasks_overdue: int
    sessions_held: int
    sessions_cancelled: int
    streak_days: int
    by_subject: list[SubjectKpi]


@entity(ReportRow)
class Report(Node):
    """A period told to parents."""

    student: Annotated["Student", strawberry.lazy("schema.students")] = one(
        ReportRow.student_id, StudentRow.id
    )
    period: ReportPeriod = derived(
        periods.Period, ReportRow.period_kind, ReportRow.period_start, ReportRow.period_end
    )
    summary_md: str
    kpis: ReportKpis = derived(papers.ReportKpis.model_validate, ReportRow.kpis_json)
    generated_at: datetime
