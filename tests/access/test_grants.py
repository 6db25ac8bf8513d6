"""Which role may ask what: stated in each description, held before any SQL."""

import re

import pytest

from gateway.execution import CONTRACT
from models.vocabulary import Role
from services.access import GRANTS, Permission
from tests.selections import QUERY, call

pytestmark = pytest.mark.anyio

REQUIRES = re.compile(r"Requires `([a-z]+:[a-z]+)`\.$")
ROOTS = sorted(QUERY.fields)


def required(field: str) -> Permission:
    found = REQUIRES.search(QUERY.fields[field].description or "")
    assert found, f"{field} does not say what it requires"
    return Permission(found[1])


@pytest.mark.parametrize("field", ROOTS)
def test_a_root_field_says_what_it_requires(field: str) -> None:
    assert required(field) in Permission


def test_there_is_no_root_but_query() -> None:
    """A mutation or a subscription that comes must be covered here first."""
    assert (CONTRACT.mutation_type, CONTRACT.subscription_type) == (None, None)


@pytest.mark.parametrize("field", ROOTS)
@pytest.mark.parametrize("role", list(Role))
async def test_a_role_without_the_permission_is_refused_before_any_statement(
    families, inquire, monkeypatch: pytest.MonkeyPatch, role: Role, field: str
) -> None:
    monkeypatch.setitem(GRANTS, role, GRANTS[role] - {required(field)})
    answer = await inquire(families.ours.viewer(role), call(field))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert answer["statements"] == 0


@pytest.mark.parametrize("field", ROOTS)
@pytest.mark.parametrize("role", list(Role))
async def test_no_other_permission_is_needed(
    families, inquire, monkeypatch: pytest.MonkeyPatch, role: Role, field: str
) -> None:
    monkeypatch.setitem(GRANTS, role, frozenset({required(field)}))
    assert (await inquire(families.ours.viewer(role), call(field)))["errors"] == []
