"""A front end that publishes its keys: a JWKS address on a port of its own."""

import json
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from forging import claims
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import Key, OKPKey, RSAKey

from gateway import keys
from gateway.auth import Authenticator, Unauthenticated
from gateway.settings import Algorithm, Settings


@cache
def new_key(algorithm: Algorithm, kid: str, twin: int = 0) -> Key:
    """A pair of keys; `twin` is another pair under the same name."""
    named = {"kid": kid, "use": "sig"}
    if algorithm == "RS256":
        return RSAKey.generate_key(2048, named, private=True)
    return OKPKey.generate_key("Ed25519", named, private=True)


def signed_by(key: Key, algorithm: Algorithm, claims: dict[str, Any], **header: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA has a newer name
        return jwt.encode({"alg": algorithm, **header}, claims, key, algorithms=[algorithm])


class Publisher:
    """What the address answers, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.body = b'{"keys": []}'
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                self.send_response(publisher.status)
                self.end_headers()
                self.wfile.write(publisher.body)

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json"

    def publish(self, *keys: Key) -> None:
        self.body = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def now() -> datetime:
    return datetime.now(UTC)


def token_of(key: Key, algorithm: Algorithm, **changed: Any) -> str:
    return signed_by(key, algorithm, claims(**changed), kid=key.kid)


def reading(publisher: Publisher, algorithm: Algorithm) -> Authenticator:
    return Authenticator(Settings(jwks_url=publisher.url, jwt_alg=algorithm))


async def refusal(authenticator: Authenticator, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await authenticator.viewer(token, now())
    return str(refused.value)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class Clock:
    """Monotonic, and moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(keys, "time", made)
    return made
