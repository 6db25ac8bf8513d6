"""Compiled statements share few connections, wait with patience, and give them back clean."""

import asyncio

import asyncpg
import pytest
from comparing import TIMEOUT_MS, Comparison
from conftest import CLOCK, reading
from conftest import DOCUMENTS as PREPARED

from gateway.compiled import CompiledPlans, Lanes
from gateway.documents import Operation
from gateway.versioned import Versions

pytestmark = pytest.mark.anyio

SLEEP = ("SELECT 'slept' || pg_sleep($1)::text", [30.0])
QUICK = ("SELECT 'quick'", [])
# asleep: what is not begun yet cannot be cancelled, in PostgreSQL's protocol
ACTIVE = """SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nexus compiled'
            AND datname = current_database() AND wait_event = 'PgSleep'"""


async def until_active(connection: asyncpg.Connection, wanted: int) -> None:
    while await connection.fetchval(ACTIVE) != wanted:
        await connection.fetchval("SELECT pg_sleep(0.01)")


async def test_who_goes_away_takes_the_statement_along(school):
    lanes = Lanes(school, size=1, statement_timeout_ms=TIMEOUT_MS)
    await lanes.open()
    watching = await asyncpg.connect(school)
    asking = asyncio.create_task(lanes.texts([SLEEP]))
    async with asyncio.timeout(10):
        await until_active(watching, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until_active(watching, 0)
        assert await lanes.texts([QUICK, QUICK]) == [b"quick", b"quick"]
    await watching.close()
    await lanes.close()


async def test_who_waits_too_long_gives_up_and_blocks_nobody(school):
    lanes = Lanes(school, size=1, statement_timeout_ms=TIMEOUT_MS, patience=0.05)
    await lanes.open()
    asking = asyncio.create_task(lanes.texts([SLEEP]))
    await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await lanes.texts([QUICK])
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await lanes.texts([QUICK]) == [b"quick"]
    await lanes.close()


async def test_many_share_a_few_connections_in_turn(school):
    lanes = Lanes(school, size=2, statement_timeout_ms=TIMEOUT_MS)
    await lanes.open()
    found = await asyncio.gather(*(lanes.texts([(f"SELECT '{n}'", [])]) for n in range(50)))
    assert found == [[str(n).encode()] for n in range(50)]
    assert len(lanes._free) == 2
    await lanes.close()


async def test_a_connection_that_was_cut_is_made_anew(school):
    lanes = Lanes(school, size=1, statement_timeout_ms=TIMEOUT_MS)
    await lanes.open()
    connection = lanes._free[-1]
    assert connection is not None
    connection.terminate()
    assert await lanes.texts([QUICK]) == [b"quick"]
    await lanes.close()


async def test_a_statement_that_fails_is_the_reference_paths(own_school, own_gate, admin):
    lanes = Lanes(own_school, size=1, statement_timeout_ms=TIMEOUT_MS)
    await lanes.open()
    both = Comparison(own_gate, lanes, Versions(own_school, patience=10.0))
    plans = CompiledPlans(lanes)
    prepared = PREPARED.prepared(Operation("{ viewer { students { totalCount } } }", {}, None))
    plans.trust(prepared)
    context = reading(admin, own_gate.pool, CLOCK)
    assert await plans.answer(prepared, {}, context) is not None
    owner = await asyncpg.connect(own_school)
    await owner.execute("REVOKE EXECUTE ON FUNCTION nexus_app.viewer_students() FROM PUBLIC")
    assert await plans.answer(prepared, {}, context) is None
    await owner.execute("GRANT EXECUTE ON FUNCTION nexus_app.viewer_students() TO PUBLIC")
    await owner.close()
    assert (await both.compare(admin, "{ viewer { students { totalCount } } }")).equal
    await lanes.close()
