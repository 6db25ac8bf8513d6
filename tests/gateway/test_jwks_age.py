"""Published keys grow old: they are read again before anyone relies on one that was withdrawn."""

import pytest
from following import eventually
from joserfc.jwk import Key
from publisher import Clock, Publisher, new_key, now, reading, refusal, token_of

from gateway.auth import Admitted, Authenticator
from gateway.keys import FRESH, REFETCH_AFTER, WORN

pytestmark = pytest.mark.anyio


@pytest.fixture
def two(publisher: Publisher) -> tuple[Key, Key]:
    """Two keys that are published."""
    keys = new_key("EdDSA", "first"), new_key("EdDSA", "second")
    publisher.publish(*keys)
    return keys


async def admitted(authenticator: Authenticator, key: Key) -> Admitted:
    found = await authenticator.bearer(f"Bearer {token_of(key, 'EdDSA')}", now())
    assert found is not None
    return found


async def test_keys_are_read_again_while_the_old_ones_serve(
    publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    """As it is for a request that is recognized, and for a new token."""
    authenticator = reading(publisher, "EdDSA")
    known = await admitted(authenticator, two[0])
    publisher.publish(two[1])
    clock.seconds += FRESH
    assert authenticator.holds(known, now())
    await eventually(lambda: not authenticator.holds(known, now()))
    assert "signature" in await refusal(authenticator, token_of(two[0], "EdDSA"))


async def test_after_a_long_silence_nobody_is_let_in_by_old_keys(
    publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    authenticator = reading(publisher, "EdDSA")
    known = await admitted(authenticator, two[0])
    publisher.publish(two[1])
    clock.seconds += WORN
    assert not authenticator.holds(known, now())
    assert "signature" in await refusal(authenticator, token_of(two[0], "EdDSA", name="Other"))


async def test_old_keys_outlive_a_fetch_by_age_that_fails(
    publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    authenticator = reading(publisher, "EdDSA")
    known = await admitted(authenticator, two[0])
    publisher.status = 503
    clock.seconds += WORN
    assert await admitted(authenticator, two[0])
    assert authenticator.holds(known, now())


async def test_a_bad_token_does_not_make_us_forget_the_good_ones(
    publisher: Publisher, clock: Clock, two: tuple[Key, Key]
) -> None:
    authenticator = reading(publisher, "EdDSA")
    known = await admitted(authenticator, two[0])
    clock.seconds += REFETCH_AFTER
    await refusal(authenticator, token_of(new_key("EdDSA", "third"), "EdDSA"))
    assert publisher.asked == 2
    assert authenticator.holds(known, now())
