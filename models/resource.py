"""The library: resources, their passages, and whose favorites they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SCHEMA, Entity
from models.curriculum import Subject
from models.student import owner
from models.vocabulary import ResourceType, Visibility


class Resource(Entity):
    """`owner_id` is the subject of its author's token: who sees it while it is PRIVATE."""

    __tablename__ = "resources"
    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 300", name="title_length"),
        Index(None, "subject"),
        Index(None, "tags", postgresql_using="gin"),
    )

    title: Mapped[str]
    uri: Mapped[str]
    type: Mapped[ResourceType]
    subject: Mapped[Subject | None]
    chapter_code: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    visibility: Mapped[Visibility]
    owner_id: Mapped[str | None]
    created_at: Mapped[datetime]


class ResourceChunk(Entity):
    """A passage of a resource, in reading order."""

    __tablename__ = "resource_chunks"
    __table_args__ = (
        CheckConstraint("page > 0", name="page_positive"),
        UniqueConstraint("resource_id", "number"),
    )

    resource_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.resources.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    page: Mapped[int | None]
    text: Mapped[str]


class Favorite(Entity):
    """A resource that a pupil keeps at hand."""

    __tablename__ = "favorites"
    __table_args__ = (UniqueConstraint("student_id", "resource_id"), Index(None, "resource_id"))

    student_id: Mapped[UUID] = owner()
    resource_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.resources.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]
