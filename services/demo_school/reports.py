"""The reports on a demo pupil's weeks, months and trimestre, counted from what was made up."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.curriculum import Subject
from models.report import Report
from models.vocabulary import Agent, EventKind, ReportPeriodKind, TaskStatus
from services.catalogue.programme import subject_label
from services.dashboard import streak_days
from services.demo_school.journal import agent
from services.demo_school.mastery import Mastery
from services.demo_school.pupil import Pupil
from services.demo_school.texts import phrases
from services.periods import Period

STEADY = 0.01


def write_reports(pupil: Pupil, mastery: Mastery, weights: dict[Subject, float]) -> None:
    """Write one report for each period that ended, late on its last day."""
    for period in _periods(pupil):
        at = pupil.calendar.at(period.end, 21, 30)
        kpis = _kpis(pupil, mastery, weights, period)
        key = pupil.dice.key(at)
        pupil.rows.add(
            Report,
            id=key,
            student_id=pupil.id,
            period_kind=period.kind,
            period_start=period.start,
            period_end=period.end,
            summary_md=_summary(pupil, period, kpis),
            kpis_json=kpis.json(),
            generated_at=at,
        )
        pupil.journal.note(
            at,
            EventKind.REPORT_GENERATED,
            agent(Agent.REPORTER),
            Report,
            key,
            kind=period.kind.name,
            start=period.start.isoformat(),
            end=period.end.isoformat(),
        )


def _periods(pupil: Pupil) -> list[Period]:
    calendar = pupil.calendar
    kind = ReportPeriodKind
    found = [Period(kind.WEEK, *span) for span in calendar.weeks(6 if pupil.rich else 1)]
    found += [Period(kind.MONTH, *span) for span in calendar.months(2 if pupil.rich else 1)]
    if pupil.rich or pupil.dice.chance(0.3):
        found.append(Period(kind.TRIMESTRE, *calendar.trimestre()))
    measured = calendar.start + timedelta(days=6)
    return [period for period in found if period.end >= measured]


@dataclass(frozen=True, slots=True)
class SubjectKpi:
    subject: Subject
    score: float
    delta: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Kpis:
    """The figures of a report; `json` has the shape of the contract's `ReportKpis`."""

    overall: float
    delta: float | None
    mean: float | None
    graded: int
    completed: int
    overdue: int
    held: int
    cancelled: int
    streak: int
    by_subject: tuple[SubjectKpi, ...]

    def json(self) -> dict[str, object]:
        return {
            "progress_overall": self.overall,
            "progress_delta": self.delta,
            "average_score_20": self.mean,
            "evaluations_graded": self.graded,
            "tasks_completed": self.completed,
            "tasks_overdue": self.overdue,
            "sessions_held": self.held,
            "sessions_cancelled": self.cancelled,
            "streak_days": self.streak,
            "by_subject": [
                {
                    "subject": one.subject.name,
                    "score": one.score,
                    "delta": one.delta,
                    "average_score_20": one.mean,
                }
                for one in self.by_subject
            ],
        }


def _kpis(pupil: Pupil, mastery: Mastery, weights: dict[Subject, float], period: Period) -> Kpis:
    """The figures as they stood at the end of the period; deltas are since the eve of its start."""
    before = period.start - timedelta(days=1)
    overall = mastery.overall(weights, period.end) or 0.0
    marks = [
        (subject, mark) for day, subject, mark in pupil.marks if period.start <= day <= period.end
    ]
    by_subject = []
    for subject in mastery.subjects:
        score = mastery.at(subject, period.end)
        if score is not None:
            mine = [mark for one, mark in marks if one is subject]
            delta = _delta(score, mastery.at(subject, before))
            by_subject.append(SubjectKpi(subject, score, delta, _mean(mine)))
    closed = [
        task
        for task in pupil.tasks
        if task.closed_on and period.start <= task.closed_on <= period.end
    ]
    return Kpis(
        overall=overall,
        delta=_delta(overall, mastery.overall(weights, before)),
        mean=_mean([mark for _, mark in marks]),
        graded=len(marks),
        completed=sum(task.status is TaskStatus.DONE for task in closed),
        overdue=_overdue(pupil, period.end),
        held=_count(pupil.held, period),
        cancelled=_count(pupil.cancelled, period),
        streak=streak_days(pupil.acts, period.end),
        by_subject=tuple(by_subject),
    )


def _count(days: list[date], period: Period) -> int:
    return sum(period.start <= day <= period.end for day in days)


def _overdue(pupil: Pupil, day: date) -> int:
    """The tasks that were due by that day and still open at its end."""
    return sum(
        task.due is not None
        and task.due.date() <= day
        and (task.closed_on is None or task.closed_on > day)
        for task in pupil.tasks
    )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None


def _delta(now: float, before: float | None) -> float | None:
    return None if before is None else round(now - before, 4)


def _summary(pupil: Pupil, period: Period, kpis: Kpis) -> str:
    """The report in words, as Markdown."""
    words = phrases()["reports"]
    change = kpis.delta or 0.0
    tone = "up" if change > STEADY else "down" if change < -STEADY else "flat"
    marks = "none" if not kpis.graded else "one" if kpis.graded == 1 else "many"
    ranked = sorted(kpis.by_subject, key=lambda one: one.score)
    parts = [
        f"## {period.label}",
        words["opening"][tone].format(name=pupil.first_name),
        words["facts"].format(tasks=kpis.completed, sessions=kpis.held, streak=kpis.streak),
        words["results"].format(
            overall=round(kpis.overall * 100),
            delta=_points(change),
            marks=words["marks"][marks].format(count=kpis.graded, mean=_french(kpis.mean or 0)),
        ),
    ]
    if ranked:
        best, worst = subject_label(ranked[-1].subject), subject_label(ranked[0].subject)
        late = words["late"].format(late=kpis.overdue)
        advice = words["next"].format(best=best, worst=worst)
        parts.append(f"{advice}\n{late}" if kpis.overdue else advice)
    return "\n\n".join(parts) + "\n"


def _points(change: float) -> str:
    points = round(change * 100)
    if points == 0:
        return "stable"
    return f"{points:+d} point{'s' if abs(points) > 1 else ''}"


def _french(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")
