"""The épreuves of a pupil's exam path, as the regulation sets them: weights, formats and dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from models.curriculum import EpreuveKind, ExamPath, OptionCode, Subject, Voie
from services.catalogue.choices import Choice, IncompatibleChoice, option, series, voie_name
from services.catalogue.exam_paths import PATH_NAMES, PATHS, Marking, PathRule
from services.catalogue.exam_records import Item, Option, Part, Plan, Ponctuelle, Window
from services.catalogue.records import Branch, branch_of
from services.catalogue.sources import examination
from services.catalogue.subjects import SERIES_PREMIERE, subject_of
from services.catalogue.wording import NOT_CHOSEN, OPEN_MATHS, item_text, part_text, ponctuelle_text

__all__ = [
    "IncompatibleChoice",
    "RegulationEntry",
    "RegulationPart",
    "UnknownRegulation",
    "known_sessions",
    "reglement",
]

BOTH_YEARS = "option supposée suivie en première et en terminale"
SPECIALITY_SLOTS = {"E3-Specialite1": 0, "E4-Specialite2": 1}


class UnknownRegulation(ValueError):
    """There is no plan of épreuves for this session, voie and exam path."""

    def __init__(self, exam_path: ExamPath, voie: Voie, exam_session: int) -> None:
        sessions = ", ".join(map(str, known_sessions()))
        super().__init__(
            f"aucun règlement pour la session {exam_session} dans {voie_name(voie)} "
            f"(parcours « {PATH_NAMES[exam_path]} ») ; sessions connues : {sessions}"
        )
        self.exam_path = exam_path
        self.voie = voie
        self.exam_session = exam_session


@dataclass(frozen=True, slots=True)
class RegulationPart:
    """One sitting of an épreuve: written, practical or oral."""

    code: str
    format: str
    share: float | None
    """Its share of the épreuve's mark, 0..1; None where no text was found."""
    duration_min: int
    window: str
    """The name of its window: parts of one window are one sitting."""
    window_start: date
    window_end: date
    provisional: bool
    reference: str | None


@dataclass(frozen=True, slots=True)
class RegulationEntry:
    """An entry of the regulation, before any student."""

    code: str
    label: str
    subject: Subject | None
    kind: EpreuveKind
    weight: float
    format: str
    duration_min: int | None
    """Minutes of examination, all parts together, without the time to prepare."""
    window_start: date | None
    window_end: date | None
    provisional: bool
    reference: str | None
    parts: tuple[RegulationPart, ...] = ()
    uncertain: bool = False
    """Weight, format or duration are still to be checked against an official text."""


def known_sessions() -> tuple[int, ...]:
    """The exam sessions that have a regulation, earliest first."""
    return tuple(sorted({plan.session for plan in examination().plans}))


def reglement(
    exam_path: ExamPath,
    voie: Voie,
    exam_session: int,
    specialities: Sequence[Subject] = (),
    specialite_abandonnee: Subject | None = None,
    options: Sequence[OptionCode] = (),
) -> list[RegulationEntry]:
    """The épreuves of this exam path, in the regulation's order, options last.

    Without options the weights add up to 100. Raises UnknownRegulation or IncompatibleChoice.

    Specialities are the three of première (E3 and E4 are open until one is given up) or the two of
    terminale, in order; a technological series imposes its own. An entry is dated by the window
    that the plan gives it, or by its first part's if none of its parts is held then.

    An option is one code, without years: one that exists at both levels counts as followed both
    years, OPT1 and OPTT of weight 2 each; one of terminale only is an OPTT. Where the whole cycle
    is examined at its end, an option of both levels is one OPTC of weight 4. A pupil who comes back
    to school without marks of première has the OPTT alone: no text doubles it.
    """
    rule = PATHS[exam_path]
    plan = _plans().get((exam_session, branch_of(voie), rule.profile))
    if plan is None:
        raise UnknownRegulation(exam_path, voie, exam_session)
    choice = Choice(voie, tuple(specialities), specialite_abandonnee, tuple(options))
    if violations := choice.violations():
        raise IncompatibleChoice(violations)
    windows = examination().windows[exam_session]
    return [
        *(_entry(item, plan.session, choice, rule) for item in plan.items),
        *(entry for code in choice.options for entry in _option(code, windows, rule)),
    ]


@cache
def _plans() -> dict[tuple[int, Branch, str], Plan]:
    return {(plan.session, plan.voie, plan.profile): plan for plan in examination().plans}


def _entry(item: Item, session: int, choice: Choice, rule: PathRule) -> RegulationEntry:
    window = examination().windows[session][item.window]
    entry = RegulationEntry(
        code=item.code,
        label=item.label,
        subject=subject_of(item.code),
        kind=item.kind,
        weight=item.weight,
        format=item_text(item, maths=choice.maths_in_premiere()),
        duration_min=item.duration_min,
        window_start=window.start,
        window_end=window.end,
        provisional=not window.official,
        reference=_reference(item.source, window),
        uncertain=item.confidence == "uncertain",
    )
    if item.code in SPECIALITY_SLOTS:
        return _speciality(entry, item, session, choice, rule)
    if item.code.endswith("-SpecialitePremiere"):
        return _speciality_of_premiere(entry, item, choice)
    if item.code == "EA-Maths":
        subject = _anticipated_maths(choice)
        text = entry.format if subject else f"{entry.format} ; {OPEN_MATHS}"
        return replace(entry, subject=subject, format=text)
    return entry


def _speciality(
    entry: RegulationEntry, item: Item, session: int, choice: Choice, rule: PathRule
) -> RegulationEntry:
    """E3 or E4 with what the speciality in this place makes of it."""
    windows = examination().windows[session]
    kept = choice.kept()
    place = SPECIALITY_SLOTS[item.code]
    if place >= len(kept):
        return replace(entry, format=NOT_CHOSEN)
    subject = kept[place]
    label, parts, note = _sittings(choice.voie, subject, rule, session)
    dated = item.window if any(part.window == item.window for part in parts) else parts[0].window
    window = windows[dated]
    held = tuple(
        _part(one, part_text(one, session, None if place else note), windows, item.source)
        for place, one in enumerate(parts)
    )
    return replace(
        entry,
        label=label,
        subject=subject,
        format=" ; ".join(dict.fromkeys(part.format for part in held)),
        duration_min=sum(part.duration_min for part in held),
        window_start=window.start,
        window_end=window.end,
        provisional=not window.official,
        reference=_reference(item.source, window),
        parts=held,
        uncertain=any(part.confidence == "uncertain" for part in parts),
    )


def _sittings(
    voie: Voie, subject: Subject, rule: PathRule, session: int
) -> tuple[str, tuple[Part, ...], str | None]:
    """A speciality's label and parts, and what it adds to the first of them in this session.

    A candidat libre is excused from practical parts.
    """
    if voie is not Voie.GENERALE:
        slot = next(one for one in series(voie).specialites if subject_of(one.code) is subject)
        return slot.label, slot.parts, None
    offered = examination().specialites_generale
    speciality = next(one for one in offered if subject_of(one.code) is subject)
    if rule.libre and speciality.parts_libre != "idem":
        return speciality.label, speciality.parts_libre, speciality.notes.get(session)
    return speciality.label, speciality.parts, speciality.notes.get(session)


def _part(
    part: Part, text: str, windows: dict[str, Window], sources: tuple[str, ...]
) -> RegulationPart:
    window = windows[part.window]
    return RegulationPart(
        code=part.code,
        format=text,
        share=part.share,
        duration_min=part.duration_min,
        window=part.window,
        window_start=window.start,
        window_end=window.end,
        provisional=not window.official,
        reference=_reference(sources, window),
    )


def _speciality_of_premiere(entry: RegulationEntry, item: Item, choice: Choice) -> RegulationEntry:
    """The speciality given up after première: named, and examined in its own way if ponctuelle."""
    subject, label, ponctuelle = _given_up(choice)
    if label is not None:
        entry = replace(entry, subject=subject, label=f"{entry.label} : {label}")
    if entry.kind is not EpreuveKind.PONCTUELLE:
        return entry
    duration = ponctuelle.duration_min if ponctuelle else entry.duration_min
    return replace(entry, format=ponctuelle_text(ponctuelle, item.note), duration_min=duration)


def _given_up(choice: Choice) -> tuple[Subject | None, str | None, Ponctuelle | None]:
    if choice.voie is not Voie.GENERALE:
        premiere = series(choice.voie).specialite_premiere
        subject = SERIES_PREMIERE[choice.voie]
        return (
            subject if isinstance(subject, Subject) else None,
            premiere.label,
            premiere.ponctuelle,
        )
    for one in examination().specialites_generale:
        if choice.abandonnee is not None and subject_of(one.code) is choice.abandonnee:
            return choice.abandonnee, one.label, one.ponctuelle_premiere
    return None, None, None


def _anticipated_maths(choice: Choice) -> Subject | None:
    """The mathematics that the épreuve anticipée is about, once the specialities tell."""
    if choice.voie is not Voie.GENERALE:
        return Subject.MATHS_TECHNO
    papers = {True: Subject.MATHS, False: Subject.MATHS_SPECIFIQUES, None: None}
    return papers[choice.maths_in_premiere()]


def _option(
    code: OptionCode, windows: dict[str, Window], rule: PathRule
) -> Iterator[RegulationEntry]:
    one = option(code)
    from_premiere = "1re" in one.levels
    if from_premiere and rule.terminale is Marking.CYCLE:
        yield _marked("OPTC", "fin de cycle", one, Marking.CYCLE, windows["EP_TLE"])
        return
    if from_premiere and rule.premiere is not Marking.NONE:
        name = "ANNEE_1RE" if rule.premiere is Marking.BULLETIN else "EP_1RE"
        yield _marked("OPT1", "première", one, rule.premiere, windows[name])
    name = "ANNEE_TLE" if rule.terminale is Marking.BULLETIN else "EP_TLE"
    yield _marked("OPTT", "terminale", one, rule.terminale, windows[name])


def _marked(
    prefix: str, year: str, one: Option, marking: Marking, window: Window
) -> RegulationEntry:
    modes = examination().options
    mode = modes.scolarise if marking is Marking.BULLETIN else modes.libre
    return RegulationEntry(
        code=f"{prefix}-{one.code}",
        label=f"{one.label} (option, {year})",
        subject=subject_of(one.code),
        kind=mode.kind,
        weight=float(one.weight_per_year * (len(one.levels) if prefix == "OPTC" else 1)),
        format=f"{mode.format} ; {BOTH_YEARS}" if len(one.levels) > 1 else mode.format,
        duration_min=None,
        window_start=window.start,
        window_end=window.end,
        provisional=not window.official,
        reference=_reference((one.source, mode.source), window),
    )


def _reference(sources: tuple[str, ...], window: Window) -> str | None:
    """The texts that set the épreuve, and the one that sets its date once that is published."""
    dated = (window.source,) if window.official else ()
    return examination().reference((*sources, *dated))
