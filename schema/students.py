"""Pupils, and everything that hangs on one."""

from datetime import datetime

import strawberry

from loaders.entitlements import entitled
from models.curriculum import (
    Dispense,
    ExamPath,
    Language,
    LanguageRank,
    OptionCode,
    Profile,
    Subject,
    Track,
    Voie,
)
from models.student import Coaching as CoachingRow
from models.student import Guardianship as GuardianshipRow
from models.student import Student as StudentRow
from models.vocabulary import Tier
from resolvers import dashboard, epreuves, progression, students
from resolvers.mutations import Outcome
from schema.binding import derived, entity, field, many, page, query
from schema.dashboard import Dashboard
from schema.declarations import Found, Said, Same
from schema.epreuves import EpreuvePlan
from schema.evaluations import EVALUATIONS, LATEST_EVALUATION, Evaluation
from schema.journal import EVENT_ORDER, EVENTS, Event
from schema.mutating import MutationPayload, changed, mutation
from schema.progression import KnowledgeGraph, SubjectProgress
from schema.reports import LATEST_REPORT, REPORTS, Report
from schema.resources import FAVORITES, LATEST_FAVORITE, Resource
from schema.sessions import AGENDA, BY_START, Session
from schema.shared import Actor, Connection, Node
from schema.tasks import TASK_ORDER, TASKS, Task
from services import access, actors, entitlements, links, papers, profiles, tiers
from services.access import Permission

ENTITLED = entitled(
    {tier: included.evaluations_per_month for tier, included in entitlements.INCLUDES.items()}
)


@entity(papers.LanguageChoice)
class LanguageChoice:
    """A living language that a pupil studies, and its rank."""

    rank: LanguageRank
    language: Language


@entity(entitlements.Entitled)
class Entitlement:
    """What a pupil has subscribed to, as it holds now."""

    tier: Tier
    expires_at: datetime | None
    evaluations_left_this_month: int | None = strawberry.field(
        description="Null where the tier sets no limit."
    )


@entity(StudentRow)
class Student(Node):
    """A pupil who prepares the baccalauréat."""

    display_name: str
    track: Track
    voie: Voie
    profile: Profile
    exam_path: ExamPath
    exam_session: int = strawberry.field(
        description="Year in which the student takes the baccalauréat, e.g. 2027."
    )
    specialities: list[Subject] = strawberry.field(
        description="Three in PREMIERE, two in TERMINALE."
    )
    specialite_abandonnee: Subject | None = strawberry.field(
        description="The speciality given up at the end of PREMIERE."
    )
    options: list[OptionCode]
    dispenses: list[Dispense] = strawberry.field(
        description="Why some épreuves do not count for this pupil."
    )
    languages: list[LanguageChoice] = derived(students.languages, StudentRow.languages)
    time_zone: str
    entitlement: Entitlement = field(students.entitlement, reads=Said(ENTITLED))
    version: int = strawberry.field(
        description="Head of the student's journal: grows by one with every event. Also the"
        " optimistic-lock version."
    )
    created_at: datetime
    updated_at: datetime

    dashboard: Dashboard = field(dashboard.dashboard, reads=Same())
    knowledge_graph: KnowledgeGraph = field(progression.knowledge_graph)
    progression: list[SubjectProgress] = field(progression.progression)
    tasks: Connection[Task] = page(TASKS, TASK_ORDER)
    agenda: Connection[Session] = page(
        AGENDA,
        BY_START,
        description="Sessions whose slot overlaps [from, to), in order of start.",
    )
    evaluations: Connection[Evaluation] = page(EVALUATIONS, LATEST_EVALUATION)
    epreuve_plan: EpreuvePlan = field(epreuves.plan, reads=Same())
    reports: Connection[Report] = page(REPORTS, LATEST_REPORT)
    favorites: Connection[Resource] = page(FAVORITES, LATEST_FAVORITE)
    events: Connection[Event] = page(
        EVENTS,
        EVENT_ORDER,
        description="The journal, oldest first after a `seq`; newest first without one.",
    )
    coaches: list[Actor] = many(
        CoachingRow.student_id,
        CoachingRow.created_at,
        CoachingRow.id,
        shown=(actors.coach_of, CoachingRow.person_id, CoachingRow.display_name),
    )
    guardians: list[Actor] = many(
        GuardianshipRow.student_id,
        GuardianshipRow.created_at,
        GuardianshipRow.id,
        shown=(actors.guardian_of, GuardianshipRow.person_id, GuardianshipRow.display_name),
    )


@entity(Outcome)
class CreateStudentPayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class UpdateStudentProfilePayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class SetEntitlementPayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class LinkGuardianPayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class UnlinkGuardianPayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class AssignCoachPayload(MutationPayload):
    student: Student | None = changed()


@entity(Outcome)
class UnassignCoachPayload(MutationPayload):
    student: Student | None = changed()


P = Permission


@strawberry.type
class Query:
    student: Student | None = query(
        students.student,
        requires=P.STUDENT_READ,
        reads=Found(StudentRow.id, access.visible_students),
    )


@strawberry.type
class Mutation:
    create_student: CreateStudentPayload = mutation(
        "CreateStudent", profiles.create, requires=P.STUDENT_CREATE
    )
    update_student_profile: UpdateStudentProfilePayload = mutation(
        "UpdateStudentProfile", profiles.update, requires=P.PROFILE_WRITE
    )
    set_entitlement: SetEntitlementPayload = mutation(
        "SetEntitlement", tiers.set_tier, requires=P.ENTITLEMENT_WRITE
    )
    link_guardian: LinkGuardianPayload = mutation(
        "LinkGuardian", links.link_guardian, requires=P.STUDENT_LINK
    )
    unlink_guardian: UnlinkGuardianPayload = mutation(
        "UnlinkGuardian", links.unlink_guardian, requires=P.STUDENT_LINK
    )
    assign_coach: AssignCoachPayload = mutation(
        "AssignCoach", links.assign_coach, requires=P.STUDENT_LINK
    )
    unassign_coach: UnassignCoachPayload = mutation(
        "UnassignCoach", links.unassign_coach, requires=P.STUDENT_LINK
    )
