"""The first answer to a key, kept for the actor that sends it again."""

import hashlib
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from models.base import uuid7
from models.job import IdempotencyKey
from services.keep import KEEP
from services.problems import ConflictError, Refused, ValidationError
from services.unit_of_work import Work

KEPT = timedelta(hours=24)
LONGEST = 200  # characters


def fingerprint(mutation: str, given: Any) -> str:
    """What makes two inputs the same: the mutation's name and every value."""
    option = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    told = orjson.dumps([mutation, given], default=_told, option=option)
    return hashlib.sha256(told).hexdigest()


def _told(value: Any) -> Any:
    """A nested input by what was given of it, a malformed one by what is wrong with it."""
    if isinstance(value, Refused):
        return list(value.problems)
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: each for name, each in given.items() if each is not KEEP}
    return str(value)


async def claim(work: Work, key: str, print_: str) -> dict[str, Any] | None:
    """Take a key in the caller's transaction; the first answer where it was taken before.

    A concurrent holder is waited for: its commit gives its answer, its rollback gives the key.
    Raises ConflictError when the key was used with another input.
    """
    if not 1 <= len(key) <= LONGEST:
        message = f"une clé compte de 1 à {LONGEST} caractères"
        raise Refused(ValidationError(message, ("idempotencyKey",)))
    mine = (IdempotencyKey.actor_id == work.viewer.id, IdempotencyKey.key == key)
    await work.db.execute(
        delete(IdempotencyKey).where(*mine, IdempotencyKey.created_at < work.clock - KEPT)
    )
    taken = await work.db.scalar(
        insert(IdempotencyKey)
        .values(
            id=uuid7(),
            actor_id=work.viewer.id,
            key=key,
            fingerprint=print_,
            created_at=work.clock,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.id)
    )
    if taken is not None:
        return None
    first = await work.db.scalar(select(IdempotencyKey).where(*mine))
    if first is None or first.fingerprint != print_:
        raise Refused(
            ConflictError("cette clé a déjà servi avec une autre demande", ("idempotencyKey",))
        )
    return first.response_json


async def keep(work: Work, key: str, answer: dict[str, Any]) -> None:
    """Store the answer beside the change: both are committed, or neither."""
    held = await work.db.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.actor_id == work.viewer.id, IdempotencyKey.key == key
        )
    )
    if held is None:
        raise LookupError(f"the key {key!r} was not claimed")
    held.response_json = answer
