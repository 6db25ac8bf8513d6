"""Answers in parts as a client reads them: taken apart at the boundary, and put together again."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

TAKES_PARTS = "multipart/mixed;incrementalSpec=v0.2, application/json"
FIRST, BETWEEN, LAST = "---\r\n", "\r\n---\r\n", "\r\n-----\r\n"

Part = dict[str, Any]


def parts_of(body: str) -> list[Part]:
    """The parts of a whole body, which is framed to the letter."""
    assert body.startswith(FIRST)
    assert body.endswith(LAST)
    return [part_of(each) for each in body[len(FIRST) : -len(LAST)].split(BETWEEN)]


def part_of(framed: str) -> Part:
    head, _, body = framed.partition("\r\n\r\n")
    assert head == "Content-Type: application/json; charset=utf-8"
    part: Part = json.loads(body)
    return part


async def parts_in(chunks: AsyncIterator[bytes]) -> AsyncIterator[Part]:
    """The parts of a body as they come: each as soon as its boundary is there."""
    text, begun = "", False
    async for chunk in chunks:
        text += chunk.decode()
        if not begun and text.startswith(FIRST):
            text, begun = text[len(FIRST) :], True
        while begun and (end := text.find("\r\n---")) >= 0:
            yield part_of(text[:end].removeprefix("\r\n"))
            text = text[end + len("\r\n---") :]
    assert text == "--\r\n"


@dataclass
class Merged:
    """What the parts come to: the data, all errors, and the places whose fragments failed."""

    data: Any
    errors: list[Part]
    failed: list[list[str | int]] = field(default_factory=list)


def merged(parts: list[Part]) -> Merged:
    """Put the parts together, each in its place; they must be announced, and come once."""
    first, *rest = parts
    found = Merged(first["data"], first.get("errors", []))
    waiting: dict[str, list[str | int]] = {}
    for part in (first, *rest):
        assert part["hasNext"] is (part is not parts[-1])
        for each in part.get("pending", ()):
            assert each["id"] not in waiting
            waiting[each["id"]] = each["path"]
        for each in part.get("incremental", ()):
            place = at(found.data, [*waiting[each["id"]], *each.get("subPath", ())])
            _add(place, each["data"])
            found.errors += each.get("errors", ())
        for each in part.get("completed", ()):
            path = waiting.pop(each["id"])
            if "errors" in each:
                found.failed.append(path)
                found.errors += each["errors"]
    assert not waiting
    return found


def at(data: Any, path: list[str | int]) -> Any:
    """What stands at a path."""
    for step in path:
        data = data[step]
    return data


def _add(place: Part, data: Part) -> None:
    for name, value in data.items():
        if name in place:  # what both parts show of an object
            assert isinstance(value, dict), f"{name} came twice"
            _add(place[name], value)
        else:
            place[name] = value
