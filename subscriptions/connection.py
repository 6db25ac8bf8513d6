"""The Redis connection: bounded in time, and never needed for an answer to be right."""

from redis.asyncio import Redis

PATIENCE = 2.0  # seconds


def connect(url: str) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; connects when first used."""
    client: Redis = Redis.from_url(
        url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE, decode_responses=True
    )
    return client
