"""The vocabulary of the school: names are what clients say, values the accented labels."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is to the school; from the token, never from a header."""

    STUDENT = "STUDENT"
    PARENT = "PARENT"
    COACH = "COACH"
    ADMIN = "ADMIN"


class Tier(StrEnum):
    """What the pupil has subscribed to."""

    FREE = "Free"
    PLUS = "Plus"
    PRO = "Pro"


class TaskStatus(StrEnum):
    """Where a task stands."""

    TODO = "Todo"
    DONE = "Done"
    SKIPPED = "Skipped"


class TaskSource(StrEnum):
    """Who set a task."""

    AGENT = "Agent"
    COACH = "Coach"
    SYSTEM = "System"


class TaskCategory(StrEnum):
    """What kind of work a task is."""

    REVISION = "REVISION"
    EXERCICE = "EXERCICE"
    METHODO = "METHODO"
    DEVOIR = "DEVOIR"
    RENDEZ_VOUS = "RENDEZ_VOUS"
    GRAND_ORAL = "GRAND_ORAL"
    PARCOURSUP = "PARCOURSUP"
    AUTRE = "AUTRE"


class TaskOrder(StrEnum):
    """How a list of tasks is sorted."""

    PRIORITY = "PRIORITY"
    DUE_AT = "DUE_AT"
    CREATED_AT = "CREATED_AT"


class SessionKind(StrEnum):
    """Where a tutoring session takes place."""

    VISIO = "Visio"
    PRESENTIEL = "Présentiel"
    STAGE = "Stage"


class SessionStatus(StrEnum):
    """PROPOSE -> CONFIRME -> ANNULE; a PROPOSE may be cancelled too."""

    PROPOSE = "Proposé"
    CONFIRME = "Confirmé"
    ANNULE = "Annulé"


class EvaluationStatus(StrEnum):
    """PROPOSE -> SOUMIS -> CORRIGE."""

    PROPOSE = "Proposé"
    SOUMIS = "Soumis"
    CORRIGE = "Corrigé"


class AnswerFormat(StrEnum):
    """What an exercise expects as an answer."""

    CHOICE = "CHOICE"
    NUMBER = "NUMBER"
    EXPRESSION = "EXPRESSION"
    SHORT_TEXT = "SHORT_TEXT"
    ESSAY = "ESSAY"


class TextSource(StrEnum):
    """Where the text of a copy was read."""

    TEXT_LAYER = "TEXT_LAYER"
    OCR = "OCR"


class GradedBy(StrEnum):
    """Who set the marks."""

    AGENT = "AGENT"
    COACH = "COACH"


class EpreuveSource(StrEnum):
    """Who entered an épreuve into a plan."""

    REGLEMENT = "Réglement"
    AGENT = "Agent"


class UpcomingKind(StrEnum):
    """What kind of thing stands on the calendar."""

    VISIO = "Visio"
    PRESENTIEL = "Présentiel"
    EPREUVE = "Épreuve"
    RAPPEL = "Rappel"


class ResourceType(StrEnum):
    """What a resource is."""

    PDF = "PDF"
    VIDEO = "Video"
    URL = "URL"


class Visibility(StrEnum):
    """Who may see a resource."""

    PUBLIC = "PUBLIC"
    PLUS = "PLUS"
    PRO = "PRO"
    PRIVATE = "PRIVATE"


class ReportPeriodKind(StrEnum):
    """Length of the period that a report covers."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    TRIMESTRE = "TRIMESTRE"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class JobKind(StrEnum):
    """What a job does."""

    GRADE_EVALUATION = "GRADE_EVALUATION"
    GENERATE_REPORT = "GENERATE_REPORT"
    EXPORT_DATA = "EXPORT_DATA"
    PURGE_DATA = "PURGE_DATA"
    INDEX_RESOURCE = "INDEX_RESOURCE"
    RUN_AGENTS = "RUN_AGENTS"


class Agent(StrEnum):
    """An agent of the school."""

    ARIA = "ARIA"
    PLANNER = "PLANNER"
    COACH = "COACH"
    RETRIEVER = "RETRIEVER"
    EVALUATOR = "EVALUATOR"
    REPORTER = "REPORTER"


class EventKind(StrEnum):
    """What happened: the journal's vocabulary."""

    STUDENT_CREATED = "STUDENT_CREATED"
    PROFILE_UPDATED = "PROFILE_UPDATED"
    ENTITLEMENT_CHANGED = "ENTITLEMENT_CHANGED"
    TASK_CREATED = "TASK_CREATED"
    TASK_UPDATED = "TASK_UPDATED"
    TASK_COMPLETED = "TASK_COMPLETED"
    TASK_SKIPPED = "TASK_SKIPPED"
    TASK_REOPENED = "TASK_REOPENED"
    TASK_DELETED = "TASK_DELETED"
    SESSION_PROPOSED = "SESSION_PROPOSED"
    SESSION_BOOKED = "SESSION_BOOKED"
    SESSION_CONFIRMED = "SESSION_CONFIRMED"
    SESSION_CANCELLED = "SESSION_CANCELLED"
    EVALUATION_GENERATED = "EVALUATION_GENERATED"
    EVALUATION_SUBMITTED = "EVALUATION_SUBMITTED"
    EVALUATION_GRADED = "EVALUATION_GRADED"
    PROGRESS_UPDATED = "PROGRESS_UPDATED"
    EPREUVES_SYNCED = "EPREUVES_SYNCED"
    EPREUVE_UPDATED = "EPREUVE_UPDATED"
    REPORT_GENERATED = "REPORT_GENERATED"
    RESOURCE_FAVORITED = "RESOURCE_FAVORITED"
    RESOURCE_UNFAVORITED = "RESOURCE_UNFAVORITED"
    AGENTS_RAN = "AGENTS_RAN"
    DATA_EXPORTED = "DATA_EXPORTED"
    DATA_PURGED = "DATA_PURGED"
