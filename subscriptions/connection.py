"""The Redis connection: bounded in time, and never needed for an answer to be right."""

from redis.asyncio import BlockingConnectionPool, Redis

PATIENCE = 2.0  # seconds
CONNECTIONS = 20  # who finds them all taken waits, rather than being told that Redis is away


def connect(url: str, *, texts: bool = True) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; connects when first used.

    It answers with texts, or with the bytes that were put there.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        decode_responses=texts,
    )
    client: Redis = Redis.from_pool(pool)
    return client
