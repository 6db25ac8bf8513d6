"""Schemathesis makes operations from the contract; none of them may make the server fail."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from graphql import StringValueNode, build_schema, print_schema
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from serving import Served, serving

from gateway.settings import ROOT, Settings
from services.access import Viewer

EXAMPLES = 4  # of each root field, for each role

for name, written in {
    "DateTime": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | st.text(max_size=5),
    "Date": st.dates().map(str) | st.text(max_size=5),
    "JSON": st.text(max_size=5),
}.items():
    schemathesis.graphql.scalar(name, written.map(lambda text: StringValueNode(value=text)))

printed = build_schema((ROOT / "schema" / "schema.graphql").read_text())
# it has graphql-core introspect the contract, which does not do so where `@defer` is known
printed.directives = tuple(each for each in printed.directives if each.name != "defer")
contract = schemathesis.graphql.from_file(print_schema(printed))
OPERATIONS = {found.ok().label: found.ok() for found in contract.get_all_operations()}


@pytest.fixture(scope="module")
def served(gateway_settings: Settings, loaded: str, servers) -> Iterator[Served]:
    """A gateway on a school that may be changed."""
    from conftest import database

    with database(servers, loaded) as dsn:
        settings = gateway_settings.model_copy(update={"database_url": dsn, "rate_writes": 10_000})
        with serving(settings) as gateway:
            yield gateway


@pytest.mark.parametrize("role", ["student", "parent", "coach", "admin"])
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_operation_makes_the_server_fail(
    served: Served, request: pytest.FixtureRequest, token_of, label: str, role: str
) -> None:
    viewer: Viewer = request.getfixturevalue(role)
    headers = {"Authorization": f"Bearer {token_of(viewer)}"}

    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=OPERATIONS[label].as_strategy())
    def asked(case: Any) -> None:
        answer = case.call(base_url=served.url + "/graphql", headers=headers)
        case.validate_response(answer, checks=[not_a_server_error])
        assert answer.status_code in (200, 400)
        codes = [error["extensions"]["code"] for error in answer.json().get("errors", [])]
        assert "INTERNAL_SERVER_ERROR" not in codes

    asked()
