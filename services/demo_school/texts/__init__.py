"""The school's French texts: sample papers, the library, names and stock phrases, read once."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from models.curriculum import Subject, Track
from models.vocabulary import AnswerFormat, ResourceType, Visibility

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Exercise:
    """One item of a sample paper; `good` and `weak` are answers a pupil might give."""

    chapter: str
    competence: str
    format: AnswerFormat
    points: float
    prompt: str
    correction: str
    good: str
    weak: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A sample paper, marked out of 20."""

    title: str
    subject: Subject
    track: Track
    duration_min: int
    items: tuple[Exercise, ...]
    statement_md: str


@dataclass(frozen=True, slots=True)
class Document:
    """A resource of the library and its passages."""

    title: str
    type: ResourceType
    subject: Subject | None
    chapter: str | None
    tags: tuple[str, ...]
    visibility: Visibility
    text: tuple[str, ...]


@cache
def papers() -> tuple[Paper, ...]:
    files = sorted((HERE / "papers").glob("*.yaml"))
    return tuple(_paper(record) for file in files for record in _read(file))


@cache
def library() -> tuple[Document, ...]:
    files = sorted(HERE.glob("library_*.yaml"))
    return tuple(_document(record) for file in files for record in _read(file))


@cache
def names() -> dict[str, list[str]]:
    """First names under `first`, family names under `last`."""
    found: dict[str, list[str]] = _read(HERE / "names.yaml")
    return found


@cache
def phrases() -> dict[str, Any]:
    found: dict[str, Any] = _read(HERE / "phrases.yaml")
    return found


def _read(file: Path) -> Any:
    return yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)


def _paper(record: dict[str, Any]) -> Paper:
    items = tuple(
        Exercise(
            chapter=one["chapter"],
            competence=one["competence"],
            format=AnswerFormat(one["format"]),
            points=float(one["points"]),
            prompt=one["prompt"],
            correction=one["correction"],
            good=one["good"],
            weak=one["weak"],
            choices=tuple(one.get("choices", ())),
        )
        for one in record["items"]
    )
    return Paper(
        title=record["title"],
        subject=Subject[record["subject"]],
        track=Track[record["track"]],
        duration_min=record["duration_min"],
        items=items,
        statement_md=_statement(record["title"], record["duration_min"], items),
    )


def _statement(title: str, duration_min: int, items: tuple[Exercise, ...]) -> str:
    parts = [f"# {title}", f"*Durée : {duration_min} minutes – barème sur 20.*"]
    for number, item in enumerate(items, 1):
        parts += [f"## Exercice {number} ({item.points:g} points)", item.prompt]
        if item.choices:
            parts.append("\n".join(f"- {choice}" for choice in item.choices))
    return "\n\n".join(parts) + "\n"


def _document(record: dict[str, Any]) -> Document:
    subject = record.get("subject")
    return Document(
        title=record["title"],
        type=ResourceType[record["type"]],
        subject=Subject[subject] if subject else None,
        chapter=record.get("chapter"),
        tags=tuple(record["tags"]),
        visibility=Visibility[record.get("visibility", "PUBLIC")],
        text=tuple(record["text"]),
    )
