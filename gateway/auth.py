"""From a token to a viewer: signature, audience, time and role, each with its own refusal."""

import asyncio
import logging
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import orjson
from joserfc import jwk, jwt
from joserfc.errors import ExpiredTokenError, JoseError, SecurityWarning

from gateway.settings import Algorithm, Settings
from models.vocabulary import Role
from services.access import Viewer

log = logging.getLogger("nexus")

LEEWAY = 10  # seconds that two clocks may differ
REFETCH_AFTER = 30.0  # seconds before an unknown key may ask the JWKS address again
FRESH = 300.0  # seconds after which published keys are read again, while the old ones serve
WORN = 600.0  # seconds after which nobody is let in before they were: one may be withdrawn
LONGEST_TOKEN = 8192  # characters
KEPT_TOKENS = 10_000  # that were verified: a school, on a Monday morning


class Unauthenticated(Exception):
    """The token does not say who is asking; the message is for the client."""


class Stale(Unauthenticated):
    """It does not any more, or not now: with a fresh token it is worth trying again."""


@dataclass(frozen=True, slots=True)
class Session:
    """Whom a token names, and until when: seconds since the epoch."""

    viewer: Viewer
    expires_at: float


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session whose claims were found good, and when; they stay so until the token expires."""

    session: Session
    token: str
    claims: Mapping[str, Any]
    since: float


class Keys:
    """The keys that may sign: one shared secret, or a published set that rotates."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.jwks_url
        secret = settings.signing_secret()
        self._keys: Any = jwk.OctKey.import_key(secret) if secret is not None else None
        self._published: frozenset[bytes] = frozenset()
        self._fetched_at = -REFETCH_AFTER
        self._fetching: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._verified: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def known(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token whose signature was verified, by the keys that are ours now.

        None also where these must be read again first.
        """
        return self._verified.get(token) if self._serve() else None

    def _serve(self) -> bool:
        """Whether the keys are young enough; they are read again in time, and nobody waits."""
        if self._url is None or self._keys is None:
            return True
        age = time.monotonic() - self._fetched_at
        if age >= FRESH and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.create_task(self._fetch(self._fetched_at))
        return age < WORN

    async def decode(self, token: str, algorithm: Algorithm) -> Mapping[str, Any]:
        """The claims of a token with a good signature; JoseError or ValueError otherwise.

        A signature is verified once, as long as the keys are the same. What the claims are worth
        now is for the caller to say, each time.
        """
        if not self._serve():
            await self._fetch(self._fetched_at)
        if token in self._verified:
            self._verified.move_to_end(token)
            return self._verified[token]
        claims = await self._decode(token, algorithm)
        self._verified[token] = claims
        if len(self._verified) > KEPT_TOKENS:
            self._verified.popitem(last=False)
        return claims

    async def _decode(self, token: str, algorithm: Algorithm) -> Mapping[str, Any]:
        seen = self._fetched_at
        if self._keys is not None:
            try:
                return self._claims(token, algorithm)
            except (JoseError, ValueError):
                if self._url is None or time.monotonic() - seen < REFETCH_AFTER:
                    raise
        await self._fetch(seen)
        return self._claims(token, algorithm)

    def _claims(self, token: str, algorithm: Algorithm) -> Mapping[str, Any]:
        if self._keys is None:
            raise Stale("the keys that verify tokens cannot be read")
        with warnings.catch_warnings():
            # EdDSA has a newer name, Ed25519; which of them is taken is for the settings to say
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(token, self._keys, algorithms=[algorithm]).claims

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
        published = frozenset(
            orjson.dumps(key.as_dict(), option=orjson.OPT_SORT_KEYS) for key in keys
        )
        if published != self._published:
            self._keys, self._published = keys, published
            self._verified.clear()


def usable(published: Any) -> jwk.KeySet:
    """The keys of a JWKS document that we can use; the others are to be ignored (RFC 7517 § 5)."""
    keys = []
    for each in published["keys"]:
        with suppress(JoseError, ValueError, TypeError, KeyError):
            keys.append(jwk.import_key(each))
    if not keys:
        raise ValueError("no key that could verify a token")
    return jwk.KeySet(keys)


class Authenticator:
    """Reads `Authorization: Bearer …`. `alg` is pinned by settings, never chosen by the token."""

    def __init__(self, settings: Settings) -> None:
        self._algorithm: Algorithm = settings.algorithm
        self._audience = settings.jwt_audience
        self._keys = Keys(settings)
        self._admitted: OrderedDict[str, Admitted] = OrderedDict()

    async def bearer(self, header: str | None, now: datetime) -> Admitted | None:
        """Whom an `Authorization` header names; None where there is none."""
        if header is None:
            return None
        if (admitted := self._admitted.get(header)) and self.holds(admitted, now):
            self._admitted.move_to_end(header)
            return admitted
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Authorization must be: Bearer <token>")
        token = token.strip()
        session = await self.session(token, now)
        claims = self._keys.known(token)
        if claims is None:  # other keys came meanwhile
            return Admitted(session, token, {}, now.timestamp())
        self._admitted[header] = admitted = Admitted(session, token, claims, now.timestamp())
        if len(self._admitted) > KEPT_TOKENS:
            self._admitted.popitem(last=False)
        return admitted

    def holds(self, admitted: Admitted, now: datetime) -> bool:
        """Whether a token is worth what it was: by the same keys, and until it expires."""
        return (
            self._keys.known(admitted.token) is admitted.claims
            and admitted.since <= now.timestamp() < admitted.session.expires_at
        )

    async def viewer(self, token: str, now: datetime) -> Viewer:
        """Whom a token names; Unauthenticated says what is wrong with it."""
        return (await self.session(token, now)).viewer

    async def session(self, token: str, now: datetime) -> Session:
        """Whom a token names and until when; Unauthenticated says what is wrong with it."""
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated("the token is too long")
        try:
            claims = await self._keys.decode(token, self._algorithm)
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("the token's signature cannot be verified") from error
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY,
            sub={"essential": True},
            role={"essential": True, "values": [role.value for role in Role]},
            exp={"essential": True},
            iat={"essential": True},
            aud={"essential": True, "value": self._audience},
        )
        try:
            registry.validate(dict(claims))
        except ExpiredTokenError as error:
            raise Stale(f"the token is refused: {error.description}") from error
        except JoseError as error:
            raise Unauthenticated(f"the token is refused: {error.description}") from error
        subject, name, client = claims["sub"], claims.get("name"), claims.get("client")
        for value in (subject, claims["role"], name, client):
            if value is not None and not (isinstance(value, str) and storable(value)):
                raise Unauthenticated("the token is refused: a claim is not a text")
        return Session(Viewer(subject, Role(claims["role"]), name, client), claims["exp"])


def storable(text: str) -> bool:
    """A text of sensible length that PostgreSQL takes."""
    return 0 < len(text) <= 255 and "\x00" not in text and text.isprintable()
