"""The demo school's library, and what its pupils keep at hand."""

from dataclasses import dataclass
from datetime import timedelta

from models.curriculum import Subject
from models.resource import Favorite, Resource, ResourceChunk
from models.vocabulary import EventKind, ResourceType, Tier, Visibility
from services.demo_school.calendar import Calendar
from services.demo_school.copy import Rows
from services.demo_school.dice import Dice
from services.demo_school.people import coach
from services.demo_school.pupil import Pupil
from services.demo_school.texts import Document, library

HOST = "https://ressources.example"
ENDINGS = {ResourceType.PDF: ".pdf", ResourceType.VIDEO: ".mp4", ResourceType.URL: ""}
OPEN_TO = {
    Tier.FREE: frozenset({Visibility.PUBLIC}),
    Tier.PLUS: frozenset({Visibility.PUBLIC, Visibility.PLUS}),
    Tier.PRO: frozenset({Visibility.PUBLIC, Visibility.PLUS, Visibility.PRO}),
}


@dataclass(frozen=True)
class Shelf:
    """The resources that stand in the library, with their keys."""

    resources: tuple[tuple[str, Document], ...]

    def for_pupil(self, pupil: Pupil, subject: Subject | None = None) -> list[str]:
        """What the pupil's tier opens: on one subject, or on all that it follows and on none."""
        wanted = {subject} if subject else {*pupil.programme, None}
        return [
            key
            for key, document in self.resources
            if document.visibility in OPEN_TO[pupil.tier] and document.subject in wanted
        ]


def write_library(rows: Rows, calendar: Calendar) -> Shelf:
    """Write every resource with its passages; the private one belongs to the first coach."""
    dice = Dice("library", calendar.today)
    written = []
    for number, document in enumerate(library()):
        at = calendar.at(calendar.start - timedelta(days=60 - number), 9, dice.below(60))
        key = dice.key(at)
        private = document.visibility is Visibility.PRIVATE
        rows.add(
            Resource,
            id=key,
            title=document.title,
            uri=f"{HOST}/{number + 1:03d}{ENDINGS[document.type]}",
            type=document.type,
            subject=document.subject,
            chapter_code=document.chapter,
            tags=document.tags,
            visibility=document.visibility,
            owner_id=coach(0).id if private else None,
            created_at=at,
        )
        for place, text in enumerate(document.text, 1):
            rows.add(
                ResourceChunk,
                id=dice.key(at),
                resource_id=key,
                number=place,
                page=place if document.type is ResourceType.PDF else None,
                text=text,
            )
        written.append((key, document))
    return Shelf(tuple(written))


def write_favorites(pupil: Pupil, shelf: Shelf) -> None:
    """A few resources kept; a rich pupil has also let one go."""
    dice, calendar = pupil.dice, pupil.calendar
    wanted = shelf.for_pupil(pupil)
    kept = dice.sample(wanted, min(len(wanted), 7 if pupil.rich else dice.between(1, 3)))
    for place, resource in enumerate(kept):
        at = pupil.own(calendar.start + dice.days(10, 70))
        pupil.journal.note(
            at, EventKind.RESOURCE_FAVORITED, pupil.actor, Resource, resource, resourceId=resource
        )
        if pupil.rich and place == 0:
            left = pupil.own(calendar.eve - dice.days(2, 5))
            pupil.journal.note(
                left,
                EventKind.RESOURCE_UNFAVORITED,
                pupil.actor,
                Resource,
                resource,
                resourceId=resource,
            )
            continue
        pupil.rows.add(
            Favorite, id=dice.key(at), student_id=pupil.id, resource_id=resource, created_at=at
        )
