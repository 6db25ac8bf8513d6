"""Random questions: valid documents over the whole schema, with arguments of every sort."""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLNamedType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from gateway.documents import CONTRACT

DEPTH = 6
TEXT = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc"]), max_size=3),
    st.sampled_from(["", "%", "a", "é", "\x00", "Lina"]),
)


@dataclass(frozen=True)
class Known:
    """A place in a list of values that exist: ids, or cursors."""

    kind: str
    place: int


@dataclass
class Question:
    """A document as it grows, with its variables."""

    text: str = ""
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)

    def values(self, known: dict[str, list[str]]) -> dict[str, Any]:
        """The variables, with what exists in the places that were left for it."""

        def filled(value: Any) -> Any:
            if isinstance(value, Known):
                return known[value.kind][value.place % len(known[value.kind])]
            return [filled(each) for each in value] if isinstance(value, list) else value

        return {name: filled(value) for name, value in self.variables.items()}


def existing(kind: str) -> st.SearchStrategy[Any]:
    return st.integers(0, 200).map(lambda place: Known(kind, place))


IDS = existing("ids") | st.uuids().map(str) | TEXT
CURSORS = existing("cursors") | TEXT


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ID": IDS,
    "Int": st.integers(-(2**31), 2**31 - 1) | st.integers(0, 30),
    "Float": st.floats(allow_nan=False),
    "Boolean": st.booleans(),
    "String": TEXT,
    "JSON": st.none(),
    "DateTime": st.datetimes().map(lambda moment: moment.isoformat() + "+02:00") | TEXT,
    "Date": st.dates().map(str) | TEXT,
}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A document that is valid, and asks for no more than a few lists inside one another.

    Every argument is a variable, so that its value may be anything of its type.
    """
    question = Question()

    def value(argument: str, type_: Any) -> Any:
        if is_non_null_type(type_):
            return given(argument, type_.of_type)
        return None if draw(st.integers(0, 4)) == 0 else given(argument, type_)

    def given(argument: str, type_: Any) -> Any:
        if is_list_type(type_):
            return [value(argument, type_.of_type) for _ in range(draw(st.integers(0, 3)))]
        if isinstance(type_, GraphQLEnumType):
            return draw(st.sampled_from(sorted(type_.values)))
        if argument in ("after", "before"):
            return draw(CURSORS)
        if argument in ("first", "last"):
            return draw(st.integers(0, 4) | st.integers(-(2**31), 2**31 - 1))
        return draw(VALUES[type_.name])

    def called(arguments: dict[str, GraphQLArgument]) -> str:
        parts = []
        for name, argument in arguments.items():
            if is_non_null_type(argument.type) or draw(st.integers(0, 3)) == 0:
                variable = f"v{len(question.variables)}"
                question.variables[variable] = value(name, argument.type)
                question.declared.append(f"${variable}: {argument.type}")
                parts.append(f"{name}: ${variable}")
        return f"({', '.join(parts)})" if parts else ""

    def selection(type_: GraphQLNamedType, depth: int) -> str:
        if is_abstract_type(type_):
            shown = draw(st.sampled_from(CONTRACT.get_possible_types(type_)))  # type: ignore[arg-type]
            return f"{{ __typename ... on {shown.name} {selection(shown, depth)} }}"
        fields: dict[str, Any] = type_.fields  # type: ignore[attr-defined]
        deep = depth < DEPTH
        names = [
            name
            for name, each in fields.items()
            if deep or not is_composite_type(get_named_type(each.type))
        ]
        parts = ["__typename"]
        if names:
            for i, name in enumerate(
                draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
            ):
                inner = get_named_type(fields[name].type)
                below = selection(inner, depth + 1) if is_composite_type(inner) else ""
                parts.append(f"f{i}: {name}{called(fields[name].args)} {below}")
        return f"{{ {' '.join(parts)} }}"

    root = CONTRACT.query_type
    assert root is not None
    body = selection(root, 0)
    declared = f"query ({', '.join(question.declared)}) " if question.declared else ""
    question.text = declared + body
    return question
