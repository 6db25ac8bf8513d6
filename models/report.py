"""What parents are told about a period."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Entity
from models.student import owner
from models.vocabulary import ReportPeriodKind


class Report(Entity):
    """`kpis_json` has the shape of `ReportKpis`; both days of the period are included."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("period_end >= period_start", name="period_end_after_start"),
        UniqueConstraint("student_id", "period_kind", "period_start"),
    )

    student_id: Mapped[UUID] = owner()
    period_kind: Mapped[ReportPeriodKind]
    period_start: Mapped[date]
    period_end: Mapped[date]
    summary_md: Mapped[str]
    kpis_json: Mapped[dict[str, Any]]
    generated_at: Mapped[datetime]
