"""`data/epreuves.yaml` as a whole, and what must hold between its parts."""

import re
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from models.curriculum import EpreuveKind
from services.catalogue.exam_paths import PATH_OF_PROFILE
from services.catalogue.exam_records import Options, Part, Plan, Series, Speciality, Window
from services.catalogue.records import Confidence, Record, Text, WindowStatus, refuse, repeated
from services.catalogue.rule_records import MilestoneRecord, Rules
from services.catalogue.subjects import OPTION_CODES, is_known

MILESTONE_LIST = re.compile(r"(?P<kind>bac|grand_oral|parcoursup)_(?P<session>\d{4})(_anticipees)?")

OPTION_WINDOWS = frozenset({"ANNEE_1RE", "ANNEE_TLE", "EP_1RE", "EP_TLE"})
"""When the marks of an option come about: year by year, at school or in a one-off exam."""

_TERMINALES = frozenset({EpreuveKind.ANTICIPEE, EpreuveKind.TERMINALE})


class Examination(Record):
    """The regulation of the baccalauréat, session by session."""

    schema_version: Literal[1]
    as_of: Text
    locale: Literal["fr-FR"]
    confidence_levels: dict[Confidence, Text]
    confidence_scope: Text
    window_status: dict[WindowStatus, Text]
    exclusions: tuple[Text, ...]
    sources: dict[Text, Text]
    references: dict[Text, Text | None]
    profiles: dict[Text, Text]
    windows: dict[int, dict[Text, Window]]
    specialites_depuis: int
    """The first session whose papers are as `specialites_generale` describes them."""
    specialites_note: Text
    """What is said of the papers of an earlier one."""
    specialites_generale: tuple[Speciality, ...]
    series_techno: tuple[Series, ...]
    options: Options
    rules: Rules
    milestones: dict[Text, tuple[MilestoneRecord, ...]]
    plans: tuple[Plan, ...] = Field(min_length=1)

    def reference(self, sources: tuple[str, ...]) -> str | None:
        """The texts behind these sources, in words; None where no text sets the thing."""
        texts = (self.references[source] for source in sources)
        return " ; ".join(dict.fromkeys(text for text in texts if text)) or None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(
            [
                *self._doubtful_sources(),
                *self._doubtful_specialities(),
                *self._doubtful_options(),
                *self._doubtful_milestones(),
                *self._doubtful_plans(),
            ]
        )
        return self

    def _doubtful_sources(self) -> Iterator[str]:
        for source in self.sources.keys() ^ self.references.keys():
            yield f"{source} must stand in both `sources` and `references`"
        for profile in self.profiles.keys() ^ PATH_OF_PROFILE.keys():
            yield f"profile {profile} must stand in both the data and exam_paths.py"
        for session, windows in self.windows.items():
            for name, window in windows.items():
                if window.source not in self.sources:
                    yield f"windows.{session}.{name}: unknown source {window.source}"

    def _doubtful_specialities(self) -> Iterator[str]:
        codes = [one.code for one in self.specialites_generale]
        codes += [one.code for series in self.series_techno for one in series.specialites]
        yield from (f"speciality {code} stands twice" for code in repeated(codes))
        yield from (
            f"speciality {code} is not in subjects.py" for code in codes if not is_known(code)
        )
        for where, parts in self._parts():
            shares = [part.share for part in parts if part.share is not None]
            if shares and abs(sum(shares) - 1) > 1e-9:
                yield f"{where}: the shares add up to {sum(shares)}, not 1"
            for part in parts:
                for session, windows in self.windows.items():
                    if part.window not in windows:
                        yield f"{where}.{part.code}: no window {part.window} in {session}"

    def _parts(self) -> Iterator[tuple[str, tuple[Part, ...]]]:
        for speciality in self.specialites_generale:
            yield f"{speciality.code}.parts", speciality.parts
            if speciality.parts_libre != "idem":
                yield f"{speciality.code}.parts_libre", speciality.parts_libre
        for series in self.series_techno:
            for slot in series.specialites:
                yield f"{slot.code}.parts", slot.parts

    def _doubtful_options(self) -> Iterator[str]:
        codes = {option.code for option in self.options.liste}
        for code in codes ^ set(OPTION_CODES.values()):
            yield f"option {code} must stand in both the data and subjects.py"
        for session, windows in self.windows.items():
            for name in OPTION_WINDOWS - windows.keys():
                yield f"windows.{session}: {name} is missing, and options take place then"
        sources = {option.source for option in self.options.liste}
        sources |= {self.options.scolarise.source, self.options.libre.source}
        yield from (f"options: unknown source {source}" for source in sources - self.sources.keys())

    def _doubtful_milestones(self) -> Iterator[str]:
        for name, milestones in self.milestones.items():
            if not MILESTONE_LIST.fullmatch(name):
                yield f"milestones.{name}: not a list that milestones.py knows"
            yield from (
                f"milestones.{name}: {code} stands twice"
                for code in repeated(one.code for one in milestones)
            )
            for one in milestones:
                if one.source not in self.sources:
                    yield f"milestones.{name}.{one.code}: unknown source {one.source}"
                for profile in set(one.profiles) - self.profiles.keys():
                    yield f"milestones.{name}.{one.code}: unknown profile {profile}"

    def _doubtful_plans(self) -> Iterator[str]:
        keys = [f"{plan.session}-{plan.voie}-{plan.profile}" for plan in self.plans]
        yield from (f"plan {key} stands twice" for key in repeated(keys))
        for plan in self.plans:
            yield from (f"plan {plan.id}: {doubt}" for doubt in self._doubts(plan))

    def _doubts(self, plan: Plan) -> Iterator[str]:
        terminales = sum(item.weight for item in plan.items if item.kind in _TERMINALES)
        total = sum(item.weight for item in plan.items)
        due = self.rules.total
        if (terminales, total) != (due.terminales, due.coefficients):
            yield f"weights add up to {total:g}, of which {terminales:g} at the exam"
        if total != plan.total_weight:
            yield f"total_weight is {plan.total_weight:g}, but the weights add up to {total:g}"
        if plan.profile not in self.profiles:
            yield f"unknown profile {plan.profile}"
        windows = self.windows.get(plan.session, {})
        yield from (f"{code} stands twice" for code in repeated(one.code for one in plan.items))
        for item in plan.items:
            if item.window not in windows:
                yield f"{item.code}: no window {item.window} in {plan.session}"
            if not is_known(item.code):
                yield f"{item.code} is not in subjects.py"
            for source in set(item.source) - self.sources.keys():
                yield f"{item.code}: unknown source {source}"
