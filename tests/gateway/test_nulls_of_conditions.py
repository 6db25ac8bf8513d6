"""A condition that is explicitly null is the client's fault, on whichever path it is found."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "selection",
    ["__typename @skip(if: $no)", "viewer { role @include(if: $no) }"],
)
async def test_a_condition_that_is_null_in_spite_of_its_default_is_refused(
    http: httpx2.AsyncClient, selection: str
) -> None:
    query = f"query ($no: Boolean = true) {{ {selection} }}"
    answer = await http.post("/graphql", json={"query": query, "variables": {"no": None}})
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
