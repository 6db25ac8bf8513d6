"""Which role may ask what: stated in each description, held before any SQL."""

import re

import pytest
from selections import QUERY, call

from gateway.documents import CONTRACT
from models.vocabulary import Role
from services.access import GRANTS, Permission

pytestmark = pytest.mark.anyio

REQUIRES = re.compile(r"Requires `([a-z]+:[a-z]+)`\.$")
ROOTS = sorted(QUERY.fields)


EVERY_ROOT = [
    (root.name, name, field.description or "")
    for root in (CONTRACT.query_type, CONTRACT.mutation_type, CONTRACT.subscription_type)
    if root is not None
    for name, field in root.fields.items()
]


@pytest.mark.parametrize(("root", "name", "description"), EVERY_ROOT)
def test_a_root_field_says_what_it_requires(root: str, name: str, description: str) -> None:
    found = REQUIRES.search(description)
    assert found, f"{root}.{name} does not say"
    assert found[1] in list(Permission)


def required(field: str) -> Permission:
    found = REQUIRES.search(QUERY.fields[field].description or "")
    assert found
    return Permission(found[1])


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
