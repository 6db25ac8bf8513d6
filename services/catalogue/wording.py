"""What a pupil reads of an épreuve: its form, the time to prepare, and what must be known of it."""

from services.catalogue.exam_records import Item, Part, Ponctuelle
from services.catalogue.sources import examination

NOT_CHOSEN = "selon la spécialité choisie"
OPEN_MATHS = "sujet selon la spécialité mathématiques, suivie ou non en première"


def item_text(item: Item, *, maths: bool | None) -> str:
    """The form of an épreuve; `maths` says whether the speciality was followed in première."""
    chosen = {True: item.avec_maths, False: item.sans_maths, None: None}[maths]
    if chosen is not None:
        return chosen
    return _joined(item.format, _preparation(item), item.note)


def part_text(part: Part, session: int, note: str | None = None) -> str:
    """The form of a sitting of a speciality.

    The forms of the data begin with a session; of an earlier one only the outline and the duration
    are known, and that is said. `note` is what the speciality adds in this session.
    """
    data = examination()
    if session < data.specialites_depuis:
        outline = part.format.partition(" : ")[0].partition(",")[0]
        return _joined(outline, data.specialites_note, part.note)
    return _joined(part.format, _preparation(part), part.note, note)


def ponctuelle_text(ponctuelle: Ponctuelle | None, note: str | None) -> str:
    """The form of the one-off exam of the speciality given up after première, where it is known."""
    if ponctuelle is None:
        return _joined(NOT_CHOSEN, note)
    return _joined(ponctuelle.format, _preparation(ponctuelle), note)


def _preparation(examined: Item | Part | Ponctuelle) -> str | None:
    """The time to prepare, unless the form says it already."""
    if not examined.prep_min or "prép." in examined.format:
        return None
    return f"préparation : {examined.prep_min} min"


def _joined(*texts: str | None) -> str:
    return " ; ".join(text for text in texts if text)
