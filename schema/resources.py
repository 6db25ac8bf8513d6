"""The library."""

from datetime import datetime

from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.curriculum import Subject
from models.resource import Favorite as FavoriteRow
from models.resource import Resource as ResourceRow
from models.vocabulary import ResourceType, Visibility
from resolvers import catalogue, resources
from schema.binding import derived, entity, field
from schema.catalogue import Chapter
from schema.shared import Node
from services.access import visible_resources

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
    favorite: bool = field(resources.favorite)
    created_at: datetime
