"""The library: what coaches and admins put there.

A resource belongs to no pupil, so that adding, changing or taking one away is in nobody's journal.
"""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from models.base import uuid7
from models.curriculum import Subject
from models.evaluation import Upload
from models.resource import Resource, ResourceChunk
from models.vocabulary import ResourceType, Role, Visibility
from services.access import visible_resources
from services.catalogue.programme import chapter
from services.chunks import passages
from services.keep import KEEP, Keep
from services.problems import ForbiddenError, Refused, ValidationError, not_found, refuse_if
from services.unit_of_work import Work

MAX_TITLE = 300
MAX_URI = 2_000
MAX_TAGS = 20
MAX_TAG = 50
MAX_TEXT = 200_000


def problems(
    *,
    title: str | Keep = KEEP,
    uri: str | Keep | None = KEEP,
    tags: Sequence[str] | Keep = KEEP,
    text: str | Keep | None = KEEP,
) -> Iterator[ValidationError]:
    """Everything that is wrong with the given parts of a resource."""
    if title is not KEEP and not 1 <= len(title.strip()) <= MAX_TITLE:
        yield ValidationError(f"le titre compte de 1 à {MAX_TITLE} caractères", ("title",))
    if isinstance(uri, str) and not (len(uri) <= MAX_URI and _is_address(uri)):
        yield ValidationError("une adresse commence par http:// ou https://", ("uri",))
    if tags is not KEEP:
        yield from _tag_problems(tags)
    if isinstance(text, str) and not (text.strip() and len(text) <= MAX_TEXT):
        yield ValidationError(f"le texte compte de 1 à {MAX_TEXT} caractères", ("text",))


def _tag_problems(tags: Sequence[str]) -> Iterator[ValidationError]:
    if len(tags) > MAX_TAGS:
        yield ValidationError(f"au plus {MAX_TAGS} mots-clés", ("tags",))
    seen: set[str] = set()
    for index, tag in enumerate(tags):
        path = ("tags", str(index))
        if not 1 <= len(tag.strip()) <= MAX_TAG:
            yield ValidationError(f"un mot-clé compte de 1 à {MAX_TAG} caractères", path)
        elif tag.strip() in seen:
            yield ValidationError("ce mot-clé est donné deux fois", path)
        seen.add(tag.strip())


def _is_address(uri: str) -> bool:
    if any(letter.isspace() or not letter.isprintable() for letter in uri):
        return False
    try:
        parts = urlsplit(uri)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def chapter_problems(
    subject: Subject | None, chapter_code: str | None, path: str
) -> Iterable[ValidationError]:
    """A chapter must exist, and be of the subject where one is named."""
    taught = chapter(chapter_code) if chapter_code is not None else None
    if chapter_code is not None and taught is None:
        yield ValidationError("ce chapitre n’est pas au programme", (path,))
    elif taught and subject not in (None, taught.subject):
        yield ValidationError("ce chapitre n’est pas de cette matière", (path,))


async def create(
    work: Work,
    *,
    title: str,
    type: ResourceType,
    uri: str | None = None,
    subject: Subject | None = None,
    chapter_code: str | None = None,
    tags: tuple[str, ...] = (),
    visibility: Visibility = Visibility.PUBLIC,
    upload_id: UUID | None = None,
    text: str | None = None,
) -> Resource:
    """Put a resource into the library: an address, a file uploaded beforehand, or a text.

    It is its author's; a chapter brings its subject where none is named. No pupil is concerned, so
    nothing is journaled: `events` is empty.
    """
    wrong = [
        *problems(title=title, uri=uri, tags=tags, text=text),
        *chapter_problems(subject, chapter_code, "chapterCode"),
    ]
    if uri is None and upload_id is None and text is None:
        wrong.append(ValidationError("il faut une adresse, un fichier ou un texte", ("uri",)))
    refuse_if(wrong)
    if upload_id is not None:
        await _own_upload(work, upload_id)
    taught = chapter(chapter_code) if chapter_code else None
    key = uuid7()
    resource = Resource(
        id=key,
        title=title.strip(),
        # what has no address of its own is named by the id of its file, or by its own
        uri=uri or f"urn:uuid:{upload_id or key}",
        type=type,
        subject=taught.subject if taught else subject,
        chapter_code=chapter_code,
        tags=[tag.strip() for tag in tags],
        visibility=visibility,
        owner_id=work.viewer.id,
        created_at=work.clock,
    )
    work.db.add(resource)
    await work.db.flush()
    work.db.add_all(
        ResourceChunk(resource_id=key, number=number, page=None, text=passage)
        for number, passage in enumerate(passages(text or ""), 1)
    )
    await work.db.flush()
    return resource


async def update(
    work: Work,
    *,
    id: UUID,
    title: str | Keep = KEEP,
    subject: Subject | Keep | None = KEEP,
    chapter_code: str | Keep | None = KEEP,
    tags: tuple[str, ...] | Keep = KEEP,
    visibility: Visibility | Keep = KEEP,
) -> Resource:
    """Change a resource of one's own; an admin, any.

    A chapter brings its subject where none is named. No pupil is concerned, so nothing is
    journaled: `events` is empty.
    """
    resource = await _hold(work, id)
    refuse_if(
        [
            *problems(title=title, tags=tags),
            *_placed_problems(resource, subject, chapter_code),
        ]
    )
    if chapter_code is not KEEP:
        resource.chapter_code = chapter_code
    if subject is not KEEP or chapter_code is not KEEP:
        taught = chapter(resource.chapter_code) if resource.chapter_code else None
        named = resource.subject if subject is KEEP else subject
        resource.subject = taught.subject if taught else named
    if title is not KEEP:
        resource.title = title.strip()
    if tags is not KEEP:
        resource.tags = [tag.strip() for tag in tags]
    if visibility is not KEEP:
        resource.visibility = visibility
    await work.db.flush()
    return resource


def _placed_problems(
    resource: Resource, subject: Subject | Keep | None, chapter_code: str | Keep | None
) -> Iterable[ValidationError]:
    """What is wrong with the new place of a resource in the programme; the old one is let be."""
    if chapter_code is not KEEP:
        named = None if subject is KEEP else subject
        return chapter_problems(named, chapter_code, "chapterCode")
    if subject is not KEEP:
        return chapter_problems(subject, resource.chapter_code, "subject")
    return ()


async def delete(work: Work, *, id: UUID) -> UUID:
    """Take a resource of one's own away, with its passages; an admin, any.

    It leaves the favorites and the tasks that name it. No pupil is concerned, so nothing is
    journaled: `events` is empty.
    """
    resource = await _hold(work, id)
    await work.db.delete(resource)
    await work.db.flush()
    return id


async def visible(work: Work, id: UUID, *path: str) -> Resource:
    """A resource that the viewer may see; any other is not there."""
    found: Resource | None = await work.db.scalar(
        select(Resource).where(Resource.id == id, visible_resources(work.viewer.role)),
        {"viewer": work.viewer.id, "clock": work.clock},
    )
    if found is None:
        raise not_found(id, *path)
    return found


async def _hold(work: Work, id: UUID) -> Resource:
    """A resource that the viewer may change, locked; its author stays the same for ever."""
    resource = await visible(work, id)
    if work.viewer.role is not Role.ADMIN and resource.owner_id != work.viewer.id:
        message = "seuls son auteur et un administrateur peuvent la changer"
        raise Refused(ForbiddenError(message, ("id",), (Role.ADMIN,)))
    locked: Resource | None = await work.db.scalar(
        select(Resource)
        .where(Resource.id == id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if locked is None:
        raise not_found(id)
    return locked


async def _own_upload(work: Work, id: UUID) -> None:
    found = await work.db.scalar(
        select(Upload.id).where(Upload.id == id, Upload.owner_id == work.viewer.id)
    )
    if found is None:
        raise not_found(id, "uploadId")
