"""Tokens, good ones and forged ones."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey
from over_http import SECRET


def signed(claims: dict[str, Any], secret: str = SECRET, **header: Any) -> str:
    return jwt.encode({"alg": "HS256", "typ": "JWT", **header}, claims, OctKey.import_key(secret))


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good token; a change to None leaves the claim out."""
    now = int(datetime.now(UTC).timestamp())
    good = {"sub": "someone", "role": "STUDENT", "aud": "nexus", "iat": now, "exp": now + 300}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def seconds_from_now(seconds: float) -> int:
    return int(datetime.now(UTC).timestamp() + seconds)


def unsigned(header: dict[str, Any], payload: dict[str, Any], signature: str = "") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode())
    told = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{told}.{signature}"


def sealed(payload: dict[str, Any], **header: Any) -> str:
    """Signed with our secret, whatever it says."""
    told = unsigned({"alg": "HS256", **header}, payload).rstrip(".")
    seal = hmac.new(SECRET.encode(), told.encode(), sha256).digest()
    return f"{told}.{urlsafe_b64encode(seal).rstrip(b'=').decode()}"
