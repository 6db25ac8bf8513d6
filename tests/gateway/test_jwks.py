"""Keys that the front end publishes: they rotate, they may be out of reach, they never leak in."""

import asyncio
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import new as hmac

import pytest
from forging import claims, unsigned
from publisher import Clock, Publisher, new_key, now, reading, refusal, signed_by, token_of

from gateway.keys import REFETCH_AFTER
from gateway.settings import Algorithm

pytestmark = pytest.mark.anyio

ALGORITHMS: tuple[Algorithm, ...] = ("EdDSA", "RS256")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_signed_with_a_published_key_says_who_asks(
    publisher: Publisher, algorithm: Algorithm
) -> None:
    key = new_key(algorithm, "first")
    publisher.publish(key)
    viewer = await reading(publisher, algorithm).viewer(token_of(key, algorithm), now())
    assert (viewer.id, viewer.role) == ("someone", "STUDENT")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_the_keys_are_read_once_for_many_tokens(
    publisher: Publisher, algorithm: Algorithm
) -> None:
    key = new_key(algorithm, "first")
    publisher.publish(key)
    authenticator = reading(publisher, algorithm)
    token = token_of(key, algorithm)
    await asyncio.gather(*(authenticator.viewer(token, now()) for _ in range(20)))
    assert publisher.asked == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_key_that_is_new_is_fetched(
    publisher: Publisher, clock: Clock, algorithm: Algorithm
) -> None:
    first, second = new_key(algorithm, "first"), new_key(algorithm, "second")
    publisher.publish(first)
    authenticator = reading(publisher, algorithm)
    await authenticator.viewer(token_of(first, algorithm), now())
    publisher.publish(first, second)
    clock.seconds += REFETCH_AFTER
    assert (await authenticator.viewer(token_of(second, algorithm), now())).id == "someone"
    assert (await authenticator.viewer(token_of(first, algorithm), now())).id == "someone"
    assert publisher.asked == 2


async def test_a_key_that_is_withdrawn_is_forgotten_with_the_next_fetch(
    publisher: Publisher, clock: Clock
) -> None:
    first, second = new_key("EdDSA", "first"), new_key("EdDSA", "second")
    publisher.publish(first)
    authenticator = reading(publisher, "EdDSA")
    await authenticator.viewer(token_of(first, "EdDSA"), now())
    publisher.publish(second)
    clock.seconds += REFETCH_AFTER
    await authenticator.viewer(token_of(second, "EdDSA"), now())
    assert "signature" in await refusal(authenticator, token_of(first, "EdDSA"))


async def test_unknown_keys_do_not_make_us_ask_more_than_every_half_minute(
    publisher: Publisher, clock: Clock
) -> None:
    known, unknown = new_key("EdDSA", "known"), new_key("EdDSA", "unknown")
    publisher.publish(known)
    authenticator = reading(publisher, "EdDSA")
    await authenticator.viewer(token_of(known, "EdDSA"), now())
    stranger = token_of(unknown, "EdDSA")
    asked = []
    for _ in range(3):
        for _ in range(10):
            assert "signature" in await refusal(authenticator, stranger)
        asked.append(publisher.asked)
        clock.seconds += REFETCH_AFTER
    assert asked == [1, 2, 3]


async def test_many_who_come_with_a_new_key_at_once_share_one_fetch(
    publisher: Publisher, clock: Clock
) -> None:
    first, second = new_key("EdDSA", "first"), new_key("EdDSA", "second")
    publisher.publish(first)
    authenticator = reading(publisher, "EdDSA")
    await authenticator.viewer(token_of(first, "EdDSA"), now())
    publisher.publish(first, second)
    clock.seconds += REFETCH_AFTER
    token = token_of(second, "EdDSA")
    await asyncio.gather(*(authenticator.viewer(token, now()) for _ in range(20)))
    assert publisher.asked == 2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_another_key_under_a_known_name_is_refused(
    publisher: Publisher, algorithm: Algorithm
) -> None:
    publisher.publish(new_key(algorithm, "same"))
    forged = token_of(new_key(algorithm, "same", twin=1), algorithm)
    assert "signature" in await refusal(reading(publisher, algorithm), forged)


async def test_the_public_key_is_no_shared_secret(publisher: Publisher) -> None:
    """The oldest forgery: HS256 over the key that everybody may read."""
    key = new_key("RS256", "first")
    publisher.publish(key)
    authenticator = reading(publisher, "RS256")
    told = unsigned({"alg": "HS256", "kid": "first"}, claims(role="ADMIN")).rstrip(".")
    for secret in (key.as_pem(private=False), key.as_der(private=False)):
        seal = hmac(secret, told.encode(), sha256).digest()
        signature = urlsafe_b64encode(seal).rstrip(b"=").decode()
        assert "signature" in await refusal(authenticator, f"{told}.{signature}")


async def test_a_token_that_brings_its_own_key_is_refused(publisher: Publisher) -> None:
    publisher.publish(new_key("EdDSA", "first"))
    forger = new_key("EdDSA", "forger")
    own = {"jwk": forger.as_dict(private=False), "jku": publisher.url}
    token = signed_by(forger, "EdDSA", claims(), **own)
    assert "signature" in await refusal(reading(publisher, "EdDSA"), token)


async def test_an_unsigned_token_is_refused_with_published_keys_too(publisher: Publisher) -> None:
    publisher.publish(new_key("RS256", "first"))
    token = unsigned({"alg": "none", "kid": "first"}, claims())
    assert "signature" in await refusal(reading(publisher, "RS256"), token)


@pytest.mark.parametrize("pinned", ALGORITHMS)
async def test_only_the_pinned_algorithm_is_taken(publisher: Publisher, pinned: Algorithm) -> None:
    """Even with a good key of the other kind among the published ones."""
    keys = {algorithm: new_key(algorithm, algorithm) for algorithm in ALGORITHMS}
    publisher.publish(*keys.values())
    authenticator = reading(publisher, pinned)
    (other,) = set(ALGORITHMS) - {pinned}
    assert (await authenticator.viewer(token_of(keys[pinned], pinned), now())).id == "someone"
    assert "signature" in await refusal(authenticator, token_of(keys[other], other))


async def test_a_publisher_out_of_reach_is_a_clear_refusal(publisher: Publisher) -> None:
    key = new_key("EdDSA", "first")
    publisher.status = 503
    authenticator = reading(publisher, "EdDSA")
    told = await refusal(authenticator, token_of(key, "EdDSA"))
    assert told == "the keys that verify tokens cannot be read"


async def test_everyone_who_waits_for_a_publisher_out_of_reach_is_told(
    publisher: Publisher,
) -> None:
    key = new_key("EdDSA", "first")
    publisher.status = 503
    authenticator, token = reading(publisher, "EdDSA"), token_of(key, "EdDSA")
    told = await asyncio.gather(*(refusal(authenticator, token) for _ in range(10)))
    assert set(told) == {"the keys that verify tokens cannot be read"}


async def test_a_publisher_that_comes_back_is_heard(publisher: Publisher, clock: Clock) -> None:
    key = new_key("EdDSA", "first")
    publisher.publish(key)
    publisher.status = 503
    authenticator = reading(publisher, "EdDSA")
    await refusal(authenticator, token_of(key, "EdDSA"))
    publisher.status = 200
    clock.seconds += REFETCH_AFTER
    assert (await authenticator.viewer(token_of(key, "EdDSA"), now())).id == "someone"


async def test_the_keys_we_have_outlive_a_publisher_out_of_reach(
    publisher: Publisher, clock: Clock
) -> None:
    known, unknown = new_key("EdDSA", "known"), new_key("EdDSA", "unknown")
    publisher.publish(known)
    authenticator = reading(publisher, "EdDSA")
    await authenticator.viewer(token_of(known, "EdDSA"), now())
    publisher.status = 503
    clock.seconds += REFETCH_AFTER
    assert "signature" in await refusal(authenticator, token_of(unknown, "EdDSA"))
    assert (await authenticator.viewer(token_of(known, "EdDSA"), now())).id == "someone"


NONSENSE = [
    b"",
    b"<html>",
    b"[]",
    b"null",
    b'"keys"',
    b"{}",
    b'{"keys": null}',
    b'{"keys": 5}',
    b'{"keys": [5]}',
    b'{"keys": [{}]}',
    b'{"keys": [{"kty": "OKP"}]}',
]


@pytest.mark.parametrize("body", NONSENSE)
async def test_a_publisher_that_talks_nonsense_is_a_clear_refusal(
    publisher: Publisher, body: bytes
) -> None:
    publisher.body = body
    token = token_of(new_key("EdDSA", "first"), "EdDSA")
    told = await refusal(reading(publisher, "EdDSA"), token)
    assert told == "the keys that verify tokens cannot be read"


async def test_a_key_of_a_kind_we_do_not_know_does_not_hide_the_others(
    publisher: Publisher,
) -> None:
    """RFC 7517 § 5: such keys are to be ignored."""
    key = new_key("EdDSA", "first")
    strange = {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AAAA"}
    publisher.body = json.dumps({"keys": [strange, key.as_dict(private=False)]}).encode()
    viewer = await reading(publisher, "EdDSA").viewer(token_of(key, "EdDSA"), now())
    assert viewer.id == "someone"
