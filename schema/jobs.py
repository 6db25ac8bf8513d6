"""Long work."""

from datetime import datetime

import strawberry

from models.job import Job as JobRow
from models.vocabulary import JobKind, JobStatus
from resolvers import jobs
from schema.binding import entity, query
from schema.declarations import Found
from schema.shared import Node
from services.access import Permission, visible_jobs


@entity(JobRow)
class Job(Node):
    """Long work, from its request to its end."""

    kind: JobKind
    status: JobStatus
    progress: float = strawberry.field(description="0..1.")
    message: str | None
    created_at: datetime
    finished_at: datetime | None


@strawberry.type
class Query:
    job: Job | None = query(
        jobs.job, requires=Permission.JOB_READ, reads=Found(JobRow.id, visible_jobs)
    )
