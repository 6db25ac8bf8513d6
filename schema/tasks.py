"""Tasks: pieces of work to do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from sqlalchemy import func, literal_column

from loaders.calendar import BY_PRIORITY
from loaders.filters import among
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.resource import Resource as ResourceRow
from models.student import Student as StudentRow
from models.task import Task as TaskRow
from models.vocabulary import TaskCategory, TaskOrder, TaskSource, TaskStatus
from resolvers import catalogue, mutations, resources
from resolvers.mutations import Outcome
from resolvers.pages import Ordering
from schema.binding import derived, entity, field, one
from schema.catalogue import Chapter
from schema.declarations import One
from schema.mutating import MutationPayload, all_changed, changed, mutation
from schema.problems import MutationError
from schema.resources import Resource
from schema.shared import Node
from services import bulk, bulk_tasks, tasks
from services.access import Permission, visible_resources

if TYPE_CHECKING:
    from schema.students import Student

LAST = literal_column("'9999-12-31T00:00:00Z'::timestamptz", TaskRow.created_at.type)

TASKS = Relation(
    "tasks",
    TaskRow,
    TaskRow.student_id,
    filters={"status": among(TaskRow.status), "category": among(TaskRow.category)},
)
TASK_ORDER = Ordering(
    {
        TaskOrder.PRIORITY: BY_PRIORITY,
        TaskOrder.DUE_AT: Order(
            "due_at", (Key(func.coalesce(TaskRow.due_at, LAST)), Key(TaskRow.id))
        ),
        TaskOrder.CREATED_AT: Order(
            "created_at",
            (Key(TaskRow.created_at, descending=True), Key(TaskRow.id, descending=True)),
        ),
    },
    argument=TaskOrder,
    default=TaskOrder.PRIORITY,
)


@entity(TaskRow)
class Task(Node):
    """One piece of work to do."""

    student: Annotated["Student", strawberry.lazy("schema.students")] = one(
        TaskRow.student_id, StudentRow.id
    )
    label: str
    category: TaskCategory
    due_at: datetime | None
    weight: float = strawberry.field(description="Importance set by its author, 0..5.")
    priority: float = strawberry.field(
        description="What the list is sorted by: the coach's rule applied now. Higher is sooner."
    )
    status: TaskStatus
    source: TaskSource
    reason: str | None = strawberry.field(
        description="Why the agents' coach set it, with its numbers; null where a person did."
    )
    chapter: Chapter | None = derived(catalogue.chapter, TaskRow.chapter_code)
    resource: Resource | None = field(
        resources.of_task, reads=One("resource_id", ResourceRow.id, visible_resources)
    )
    created_at: datetime
    closed_at: datetime | None


@entity(Outcome)
class CreateTaskPayload(MutationPayload):
    task: Task | None = changed()


@entity(Outcome)
class UpdateTaskPayload(MutationPayload):
    task: Task | None = changed()


@entity(Outcome)
class CompleteTaskPayload(MutationPayload):
    task: Task | None = changed()


@entity(Outcome)
class SkipTaskPayload(MutationPayload):
    task: Task | None = changed()


@entity(Outcome)
class ReopenTaskPayload(MutationPayload):
    task: Task | None = changed()


@entity(Outcome)
class DeleteTaskPayload(MutationPayload):
    deleted_id: strawberry.ID | None = changed()


@entity(bulk.BulkTaskResult)
class BulkTaskResult:
    """What became of one operation."""

    index: int
    outcome: bulk.BulkOutcome
    id: UUID | None
    task: Task | None = strawberry.field(resolver=mutations.shown_row)
    error: MutationError | None


@entity(Outcome)
class BulkTasksPayload(MutationPayload):
    results: list[BulkTaskResult] = all_changed()


P = Permission


@strawberry.type
class Mutation:
    create_task: CreateTaskPayload = mutation("CreateTask", tasks.create, requires=P.TASK_WRITE)
    update_task: UpdateTaskPayload = mutation("UpdateTask", tasks.update, requires=P.TASK_WRITE)
    complete_task: CompleteTaskPayload = mutation(
        "CompleteTask", tasks.complete, requires=P.TASK_WRITE
    )
    skip_task: SkipTaskPayload = mutation("SkipTask", tasks.skip, requires=P.TASK_WRITE)
    reopen_task: ReopenTaskPayload = mutation("ReopenTask", tasks.reopen, requires=P.TASK_WRITE)
    delete_task: DeleteTaskPayload = mutation("DeleteTask", tasks.delete, requires=P.TASK_WRITE)
    bulk_tasks: BulkTasksPayload = mutation("BulkTasks", bulk_tasks.run, requires=P.TASK_WRITE)
