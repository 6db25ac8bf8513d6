"""How tokens are verified, and whether that can work."""

import json
import urllib.request

from gateway.cli.checks import Finding, Level
from gateway.settings import SHORTEST_SECRET, Settings

_PATIENCE = 5  # seconds


def signature(settings: Settings) -> Finding:
    if settings.jwks_url:
        return _keys(settings.jwks_url, settings.algorithm)
    secret = settings.signing_secret() or ""
    if settings.jwt_secret is None:
        file = settings.home / "jwt_secret"
        if file.stat().st_mode & 0o077:
            return Finding(Level.WARN, "tokens", f"others may read {file}", f"chmod 600 {file}")
        return Finding(Level.OK, "tokens", "HS256, with this home's development secret")
    if len(secret.encode()) < SHORTEST_SECRET:
        advice = f"production wants {SHORTEST_SECRET} bytes or more"
        return Finding(Level.WARN, "tokens", "NEXUS_JWT_SECRET is short", advice)
    return Finding(Level.OK, "tokens", "HS256, with NEXUS_JWT_SECRET")


def _keys(url: str, algorithm: str) -> Finding:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - http(s) only
            count = len(json.load(answer)["keys"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = "see NEXUS_JWKS_URL; until it answers, no token is accepted"
        return Finding(Level.FAIL, "tokens", f"no keys at {url}: {error}", advice)
    return Finding(Level.OK, "tokens", f"{algorithm}, {count} keys at {url}")
