"""The library."""

from datetime import datetime

import strawberry

from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.curriculum import Subject
from models.resource import Favorite as FavoriteRow
from models.resource import Resource as ResourceRow
from models.vocabulary import ResourceType, Visibility
from resolvers import catalogue, resources
from resolvers.mutations import Outcome
from schema.binding import derived, entity, field
from schema.catalogue import Chapter
from schema.declarations import Told
from schema.mutating import MutationPayload, changed, mutation
from schema.shared import Node
from services import favorites, library
from services.access import Permission, visible_resources

FAVORITES = Relation(
    "favorites",
    ResourceRow,
    FavoriteRow.student_id,
    where=(FavoriteRow.resource_id == ResourceRow.id,),
    gate=visible_resources,
    flags=("favorite",),
)
LATEST_FAVORITE = Order(
    "favorited_at",
    (Key(FavoriteRow.created_at, descending=True), Key(FavoriteRow.id, descending=True)),
)


@entity(ResourceRow)
class Resource(Node):
    """A document, a video or a page of the library."""

    title: str
    uri: str
    type: ResourceType
    subject: Subject | None
    chapter: Chapter | None = derived(catalogue.chapter, ResourceRow.chapter_code)
    tags: list[str]
    visibility: Visibility
    favorite: bool = field(resources.favorite, reads=Told("favorite", favorites.kept_by))
    created_at: datetime


@entity(Outcome)
class CreateResourcePayload(MutationPayload):
    resource: Resource | None = changed()


@entity(Outcome)
class UpdateResourcePayload(MutationPayload):
    resource: Resource | None = changed()


@entity(Outcome)
class DeleteResourcePayload(MutationPayload):
    deleted_id: strawberry.ID | None = changed()


@entity(Outcome)
class FavoriteResourcePayload(MutationPayload):
    resource: Resource | None = changed()


@entity(Outcome)
class UnfavoriteResourcePayload(MutationPayload):
    resource: Resource | None = changed()


P = Permission


@strawberry.type
class Mutation:
    create_resource: CreateResourcePayload = mutation(
        "CreateResource", library.create, requires=P.RESOURCE_WRITE
    )
    update_resource: UpdateResourcePayload = mutation(
        "UpdateResource", library.update, requires=P.RESOURCE_WRITE
    )
    delete_resource: DeleteResourcePayload = mutation(
        "DeleteResource", library.delete, requires=P.RESOURCE_WRITE
    )
    favorite_resource: FavoriteResourcePayload = mutation(
        "FavoriteResource", favorites.add, requires=P.FAVORITE_WRITE
    )
    unfavorite_resource: UnfavoriteResourcePayload = mutation(
        "UnfavoriteResource", favorites.remove, requires=P.FAVORITE_WRITE
    )
