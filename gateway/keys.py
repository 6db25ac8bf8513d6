"""The keys that may sign tokens: one shared secret, or a published set that rotates."""

import asyncio
import logging
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from joserfc import jwk, jwt
from joserfc.errors import JoseError, SecurityWarning

from gateway.settings import Algorithm, Settings

log = logging.getLogger("nexus")

REFETCH_AFTER = 30.0  # seconds before an unknown key may ask the JWKS address again
FRESH = 300.0  # seconds after which published keys are read again, while the old ones serve
WORN = 600.0  # seconds after which nobody is let in before they were: one may be withdrawn
KEPT_TOKENS = 10_000  # that were verified: a school, on a Monday morning


class NoKeys(Exception):
    """None could be read yet; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The claims of a token with a good signature, and the key that it was made with."""

    claims: Mapping[str, Any]
    key: bytes | None


class Keys:
    """The keys that may sign: one shared secret, or a published set that rotates."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.jwks_url
        secret = settings.signing_secret()
        self._keys: Any = jwk.OctKey.import_key(secret) if secret is not None else None
        self._published: dict[bytes, bytes] = {}  # each by itself: one object for all sessions
        self._fetched_at = -REFETCH_AFTER
        self._fetching: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._verified: OrderedDict[str, Verified] = OrderedDict()

    def known(self, token: str) -> Verified | None:
        """What was found of a token whose signature was verified, by the keys that are ours now.

        None also where these must be read again first.
        """
        return self._verified.get(token) if self._serve() else None

    def publishes(self, key: bytes | None) -> bool:
        """Whether a key is still among ours, as far as is known; None is the shared secret."""
        self._serve()  # and if nobody asks but those who follow
        return key is None or key in self._published

    def _serve(self) -> bool:
        """Whether the keys are young enough; they are read again in time, and nobody waits."""
        if self._url is None or self._keys is None:
            return True
        age = time.monotonic() - self._fetched_at
        if age >= FRESH and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.create_task(self._fetch(self._fetched_at))
        return age < WORN

    async def decode(self, token: str, algorithm: Algorithm) -> Verified:
        """What is known of a token with a good signature; JoseError or ValueError otherwise.

        A signature is verified once, as long as the keys are the same. What the claims are worth
        now is for the caller to say, each time.
        """
        if not self._serve():
            await self._fetch(self._fetched_at)
        if token in self._verified:
            self._verified.move_to_end(token)
            return self._verified[token]
        found = await self._decode(token, algorithm)
        self._verified[token] = found
        if len(self._verified) > KEPT_TOKENS:
            self._verified.popitem(last=False)
        return found

    async def _decode(self, token: str, algorithm: Algorithm) -> Verified:
        seen = self._fetched_at
        if self._keys is not None:
            try:
                return self._proved(token, algorithm)
            except (JoseError, ValueError):
                if self._url is None or time.monotonic() - seen < REFETCH_AFTER:
                    raise
        await self._fetch(seen)
        return self._proved(token, algorithm)

    def _proved(self, token: str, algorithm: Algorithm) -> Verified:
        if self._keys is None:
            raise NoKeys("the keys that verify tokens cannot be read")
        used: bytes | None = None

        def chosen(signed: Any) -> jwk.Key:
            nonlocal used
            key = jwk.guess_key(self._keys, signed, use="sig")
            used = None if self._url is None else self._published[_mark(key)]
            return key

        with warnings.catch_warnings():
            # EdDSA has a newer name, Ed25519; which of them is taken is for the settings to say
            warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(token, chosen, algorithms=[algorithm]).claims
        return Verified(claims, used)

    async def _fetch(self, seen: float) -> None:
        """Read the published keys, once for all who saw the same old ones.

        Where that fails, the keys we had remain.
        """
        async with self._lock:
            if self._fetched_at != seen or self._url is None:
                return
            try:
                async with httpx2.AsyncClient(timeout=5.0) as client:
                    answer = await client.get(self._url)
                    answer.raise_for_status()
                    self._take(usable(answer.json()))
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError, KeyError) as error:
                log.warning("the published keys cannot be read: %r", error)
            finally:
                self._fetched_at = time.monotonic()

    def _take(self, keys: jwk.KeySet) -> None:
        """Go on with these keys; where they are the same, what they verified stays so."""
        published = {(mark := _mark(key)): mark for key in keys}
        if published != self._published:
            self._keys, self._published = keys, published
            self._verified.clear()


def _mark(key: jwk.Key) -> bytes:
    """All that was published of a key: another under its name is another."""
    return orjson.dumps(key.as_dict(), option=orjson.OPT_SORT_KEYS)


def usable(published: Any) -> jwk.KeySet:
    """The keys of a JWKS document that we can use; the others are to be ignored (RFC 7517 § 5)."""
    keys = []
    for each in published["keys"]:
        with suppress(JoseError, ValueError, TypeError, KeyError):
            keys.append(jwk.import_key(each))
    if not keys:
        raise ValueError("no key that could verify a token")
    return jwk.KeySet(keys)
