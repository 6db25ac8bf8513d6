"""What is pushed to clients."""

import strawberry

from resolvers import live
from schema.binding import entity, field, subscription
from schema.jobs import Job
from schema.journal import Event
from schema.students import Student
from services.access import Permission


@entity(live.Update)
class DashboardUpdate:
    """Something that happened to a student."""

    event: Event
    student: Student = field(live.student)


@strawberry.type
class Subscription:
    dashboard_updates: DashboardUpdate = subscription(
        live.dashboard_updates, requires=Permission.STUDENT_READ
    )
    cohort_updates: DashboardUpdate = subscription(
        live.cohort_updates, requires=Permission.STUDENT_READ
    )
    job_updates: Job = subscription(live.job_updates, requires=Permission.JOB_READ)
