"""The states that a pupil's journal tells, to be compared with those that the tables hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from reading import read

Facts = dict[str, Any]
States = dict[tuple[str, str], Facts]  # by table and key

TOLD = {
    "tasks": "SELECT id::text AS key, status, weight, category FROM tasks WHERE student_id = $1",
    "sessions": "SELECT id::text AS key, status FROM sessions WHERE student_id = $1",
    "students": "SELECT '' AS key, time_zone AS \"timeZone\" FROM students WHERE id = $1",
    "entitlements": "SELECT '' AS key, tier FROM entitlements WHERE student_id = $1",
    "progress": "SELECT chapter_code || ' ' || competence_code AS key, score FROM progress"
    " WHERE student_id = $1",
}
JOURNAL = """
  SELECT seq, kind, entity_table, entity_id, payload_json AS payload FROM events
  WHERE student_id = $1 ORDER BY seq
"""


async def held(dsn: str, student_id: Any) -> States:
    """What the tables say."""
    return {
        (table, row.pop("key")): row
        for table, sql in TOLD.items()
        for row in await read(dsn, sql, student_id)
    }


async def replayed(dsn: str, student_id: Any, began: States) -> States:
    """What the journal says; every `before` must be what the entries before it left."""
    states = {key: dict(facts) for key, facts in began.items()}
    events = await read(dsn, JOURNAL, student_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for event in events:
        for key, before, after in _changes(event):
            _change(states, key, before, after)
    return states


def _changes(
    event: Mapping[str, Any],
) -> Iterable[tuple[tuple[str, str], Facts | None, Facts | None]]:
    payload = event["payload"]
    if event["kind"] == "PROGRESS_UPDATED":
        for each in payload["competences"]:
            key = ("progress", f"{each['chapterCode']} {each['competenceCode']}")
            before = None if each["before"] is None else {"score": each["before"]}
            yield key, before, {"score": each["after"]}
        return
    if event["kind"] == "ENTITLEMENT_CHANGED":
        key = ("entitlements", "")
    elif event["kind"] == "PROFILE_UPDATED":
        key = ("students", "")
    else:
        key = (event["entity_table"], event["entity_id"])
    yield key, payload.get("before"), payload.get("after")


def _change(
    states: States, key: tuple[str, str], before: Facts | None, after: Facts | None
) -> None:
    known = states.get(key)
    assert (known is None) == (before is None), (key, before, known)
    if known is not None and before is not None:
        kept = {name: value for name, value in before.items() if name in known}
        assert {name: known[name] for name in kept} == kept
    if after is None:
        del states[key]
    else:
        columns = known or _columns(key[0], after)
        states[key] = {**columns, **{n: v for n, v in after.items() if n in columns}}


def _columns(table: str, after: Facts) -> Facts:
    """Of a new row, those facts that `held` tells."""
    told = {"tasks": ("status", "weight", "category"), "sessions": ("status",)}
    return {name: after[name] for name in told.get(table, ("score",))}
