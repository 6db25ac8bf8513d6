"""From a token to a viewer: signature, audience, time and role, each with its own refusal."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from gateway.keys import KEPT_TOKENS, Keys, NoKeys, Verified
from gateway.settings import Algorithm, Settings
from models.vocabulary import Role
from services.access import Viewer

LEEWAY = 10  # seconds that two clocks may differ
LONGEST_TOKEN = 8192  # characters


class Unauthenticated(Exception):
    """The token does not say who is asking; the message is for the client."""


class Stale(Unauthenticated):
    """It does not any more, or not now: with a fresh token it is worth trying again."""


@dataclass(frozen=True, slots=True)
class Session:
    """Whom a token names, until when (seconds since the epoch), and by which published key."""

    viewer: Viewer
    expires_at: float
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session whose claims were found good, and when; they stay so until the token expires."""

    session: Session
    token: str
    verified: Verified
    since: float


class Authenticator:
    """Reads `Authorization: Bearer …`. `alg` is pinned by settings, never chosen by the token."""

    def __init__(self, settings: Settings) -> None:
        self._algorithm: Algorithm = settings.algorithm
        self._audience = settings.jwt_audience
        self._keys = Keys(settings)
        self._admitted: OrderedDict[str, Admitted] = OrderedDict()

    def remembered(self, header: str | None, now: datetime) -> Admitted | None:
        """Whom an `Authorization` header names that was good before, and is; None for any other."""
        admitted = self._admitted.get(header) if header is not None else None
        if header is None or admitted is None or not self.holds(admitted, now):
            return None
        self._admitted.move_to_end(header)
        return admitted

    def verified(self, token: str) -> bool:
        """Whether the signature of a token is known to be good."""
        return self._keys.known(token) is not None

    async def bearer(self, header: str | None, now: datetime) -> Admitted | None:
        """Whom an `Authorization` header names; None where there is none."""
        if header is None:
            return None
        if admitted := self.remembered(header, now):
            return admitted
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Authorization must be: Bearer <token>")
        token = token.strip()
        session = await self.session(token, now)
        verified = self._keys.known(token)
        if verified is None:  # other keys came meanwhile
            return Admitted(session, token, Verified({}, None), now.timestamp())
        self._admitted[header] = admitted = Admitted(session, token, verified, now.timestamp())
        if len(self._admitted) > KEPT_TOKENS:
            self._admitted.popitem(last=False)
        return admitted

    def holds(self, admitted: Admitted, now: datetime) -> bool:
        """Whether a token is worth what it was: by the same keys, and until it expires."""
        return (
            self._keys.known(admitted.token) is admitted.verified
            and admitted.since <= now.timestamp() < admitted.session.expires_at
        )

    def vouches(self, session: Session) -> bool:
        """Whether the key of a session that goes on is still published."""
        return self._keys.publishes(session.key)

    async def viewer(self, token: str, now: datetime) -> Viewer:
        """Whom a token names; Unauthenticated says what is wrong with it."""
        return (await self.session(token, now)).viewer

    async def session(self, token: str, now: datetime) -> Session:
        """Whom a token names and until when; Unauthenticated says what is wrong with it."""
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated("the token is too long")
        try:
            verified = await self._keys.decode(token, self._algorithm)
        except NoKeys as error:
            raise Stale(str(error)) from None
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("the token's signature cannot be verified") from error
        claims = verified.claims
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
        viewer = Viewer(subject, Role(claims["role"]), name, client)
        return Session(viewer, claims["exp"], verified.key)


def storable(text: str) -> bool:
    """A text of sensible length that PostgreSQL takes."""
    return 0 < len(text) <= 255 and "\x00" not in text and text.isprintable()
