"""What an answer says, whoever gave it and however it is spelt; and where two of them differ."""

import math
import unicodedata
from datetime import UTC, datetime
from typing import Any

NAMES = {"track", "profile", "kind", "subject"}  # of a vocabulary: each server spells them its way
INSTANTS = {"at", "dueAt", "nextSessionAt", "slotStart", "slotEnd", "gradedAt"}
CLOSE = 1e-4  # relative: a priority moves with the clock


def ours(operation: str, data: dict[str, Any]) -> Any:
    """The facts of one of our documents, in the shape that the peers' have."""
    if operation == "dashboard":
        student = dict(data["student"])
        dashboard, plan = student.pop("dashboard"), student.pop("epreuvePlan")
        return canonical(
            {
                **student,
                "kpis": {**dashboard["kpis"], "totalWeight": plan["totalWeight"]},
                "upcoming": dashboard["upcoming"],
                "tasks": dashboard["tasks"],
                "epreuves": plan["items"],
            }
        )
    found = data["viewer"]["students"]
    nodes = []
    for node in found["nodes"]:
        student = dict(node)
        student["kpis"] = student.pop("dashboard")["kpis"]
        for page in ("tasks", "agenda", "evaluations"):
            student[page] = student[page]["nodes"]
        nodes.append(student)
    more = found["pageInfo"]["hasNextPage"]
    return canonical({"nodes": nodes, "pageInfo": {"hasNextPage": more}})


def theirs(operation: str, data: dict[str, Any]) -> Any:
    """The facts of a peer's answer, or of the floor's."""
    return canonical(data["student" if operation == "dashboard" else "pupils"])


def canonical(value: Any, name: str = "") -> Any:
    """One spelling of ids, instants and names."""
    if isinstance(value, dict):
        return {key: canonical(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [canonical(inner, name) for inner in value]
    if value is None or not isinstance(value, str):
        return value
    if name in INSTANTS:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    if name in NAMES:
        plain = unicodedata.normalize("NFD", value)
        return "".join(letter for letter in plain if letter.isalnum()).upper()
    return value


def difference(one: Any, other: Any, place: str = "") -> str | None:
    """Where two answers differ, and how; None where they say the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{place}: {sorted(one.keys() ^ other.keys())} is not in both"
        pairs = [(f"{place}.{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{place}: {len(one)} and {len(other)} entries"
        pairs = [(f"{place}[{n}]", *both) for n, both in enumerate(zip(one, other, strict=True))]
    elif isinstance(one, int | float) and isinstance(other, int | float):
        same = math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
        return None if same else f"{place}: {one} and {other}"
    else:
        return None if one == other else f"{place}: {one!r} and {other!r}"
    found = (difference(a, b, where) for where, a, b in pairs)
    return next((said for said in found if said), None)
