"""A branch that fails takes nothing with it but itself."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio

# what both branches read, one of them beside a field that fails
SHARED = [
    "progression { subject }",
    "coaches { id }",
    "entitlement { tier }",
    "dashboard { kpis { streakDays } }",
    "epreuvePlan { totalWeight items { id } }",
    "tasks(first: 2) { totalCount nodes { id student { id } } }",
    "events(first: 2) { nodes { id entity { id } } }",
]


@pytest.mark.parametrize("shared", SHARED)
async def test_a_branch_that_fails_leaves_its_neighbours_whole(
    http: httpx2.AsyncClient, people, shared: str
) -> None:
    """Both wait for the same rows; the one that gives up must not call them off."""
    query = f"""query ($id: ID!) {{
      broken: student(id: $id) {{ {shared} failing: tasks(first: -1) {{ totalCount }} }}
      whole: student(id: $id) {{ {shared} }}
    }}"""
    body = {"query": query, "variables": {"id": str(people.students[0].id)}}
    answer = (await http.post("/graphql", json=body)).json()
    alone = body | {"query": f"query ($id: ID!) {{ whole: student(id: $id) {{ {shared} }} }}"}
    expected = (await http.post("/graphql", json=alone)).json()["data"]
    assert answer["data"] == {"broken": None, **expected}
    (error,) = answer["errors"]
    assert error["path"] == ["broken", "failing"]
