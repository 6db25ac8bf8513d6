"""Fair questions: valid documents of every shape, with arguments that mostly can be meant."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from conftest import CLOCK
from graphql import (
    GraphQLEnumType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from gateway.documents import CONTRACT

DEPTH = 7
LISTS = 2  # pages inside pages
ROOTS = ["viewer", "student", "student", "node", "nodes", "job", "viewer", "programme"]


@dataclass
class Asked:
    """A document in the making, its variables and its fragments."""

    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0
    text: str = ""

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"


class Asking:
    """Draws a document; `known` are the ids and cursors that exist."""

    def __init__(self, draw: st.DrawFn, known: dict[str, list[str]]) -> None:
        self.draw = draw
        self.known = known
        self.asked = Asked()

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == one_in)

    def pick(self, values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    # --- values

    def value(self, name: str, type_: GraphQLInputType) -> Any:
        """A value as JSON; enums by their names."""
        if is_non_null_type(type_):
            return self.some(name, type_.of_type)
        return None if self.chance(8) else self.some(name, type_)

    def some(self, name: str, type_: Any) -> Any:
        if is_list_type(type_):
            return [self.value(name, type_.of_type) for _ in range(self.draw(st.integers(0, 4)))]
        if isinstance(type_, GraphQLEnumType):
            return self.pick(sorted(type_.values))
        if name in ("first", "last"):
            return self.draw(st.integers(-1, 101) if self.chance(12) else st.integers(0, 6))
        if name in ("after", "before"):
            return self.pick(["nonsense", *self.known["cursors"]])
        return {
            "ID": lambda: self.pick(["nonsense", *self.known["nobody"], *self.known["ids"] * 3]),
            "Int": lambda: self.draw(st.integers(1, 2030)),
            "Boolean": lambda: self.draw(st.booleans()),
            "String": lambda: self.pick(["", "a", "é", "%", "MAR", 'q"\\', "\u2028"]),
            "DateTime": lambda: str(CLOCK + timedelta(hours=self.draw(st.integers(-2000, 2000)))),
        }[type_.name]()

    def literal(self, value: Any, type_: Any) -> str:
        inner = type_.of_type if is_non_null_type(type_) else type_
        if value is None:
            return "null"
        if isinstance(value, list):
            return f"[{', '.join(self.literal(each, inner.of_type) for each in value)}]"
        if isinstance(inner, GraphQLEnumType):
            return str(value)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value)
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def given(self, name: str, type_: Any) -> str:
        """An argument's value: a literal, or a variable with or without a default."""
        value = self.value(name, type_)
        if self.chance(2):
            return self.literal(value, type_)
        variable = self.asked.name("v")
        default = ""
        if not is_non_null_type(type_) and self.chance(3):
            default = f" = {self.literal(self.value(name, type_), type_)}"
        self.asked.declared.append(f"${variable}: {type_}{default}")
        if is_non_null_type(type_) or not self.chance(5):
            self.asked.variables[variable] = value
        return f"${variable}"

    def arguments(self, arguments: dict[str, Any]) -> str:
        parts = []
        for name, argument in arguments.items():
            one_in = 12 if name in ("after", "before", "last") else 3
            needed = is_non_null_type(argument.type) and argument.default is None
            second = name == "last" and any(part.startswith("first") for part in parts)
            if needed or (self.chance(one_in) and not second):
                parts.append(f"{name}: {self.given(name, argument.type)}")
        return f"({', '.join(parts)})" if parts else ""

    def directive(self) -> str:
        if not self.chance(10):
            return ""
        which = self.pick(["include", "skip"])
        type_: Any = CONTRACT.directives
        boolean = next(each for each in type_ if each.name == which).args["if"].type
        return f" @{which}(if: {self.given('if', boolean)})"

    def deferred(self) -> str:
        """On fragments: whoever does not take parts is answered as if it were not there."""
        return " @defer" if self.chance(6) else ""

    # --- selections

    def selection(self, type_: GraphQLNamedType, depth: int, lists: int) -> str:
        if is_abstract_type(type_):
            shown: Any = CONTRACT.get_possible_types(type_)  # type: ignore[arg-type]
            parts = ["__typename"]
            if hasattr(type_, "fields") and self.chance(2):
                parts.append("id")
            for _ in range(self.draw(st.integers(0, 3))):
                one = self.pick(shown)
                parts.append(f"... on {one.name} {self.selection(one, depth, lists)}")
            return f"{{ {' '.join(parts)} }}"
        assert isinstance(type_, GraphQLObjectType)
        parts = []
        for _ in range(self.draw(st.integers(1, 5))):
            member = self.member(type_, depth, lists)
            match self.draw(st.integers(1, 12)):
                case 1:
                    member = (
                        f"... on {type_.name}{self.directive()}{self.deferred()} {{ {member} }}"
                    )
                case 2:
                    member = f"...{self.directive()}{self.deferred()} {{ {member} }}"
                case 3:
                    name = self.asked.name("F")
                    self.asked.fragments.append(f"fragment {name} on {type_.name} {{ {member} }}")
                    member = f"...{name}{self.directive()}{self.deferred()}"
            parts.append(member)
        return f"{{ {' '.join(parts)} }}"

    def member(self, type_: GraphQLObjectType, depth: int, lists: int) -> str:
        fields = {
            name: each
            for name, each in type_.fields.items()
            if not is_composite_type(get_named_type(each.type))
            or (depth < DEPTH and (lists < LISTS or "first" not in each.args))
        }
        if not fields or self.chance(15):
            return f"{self.asked.name('t')}: __typename"
        root = type_ is CONTRACT.query_type
        name = self.pick(ROOTS if root else sorted(fields))
        chosen = fields[name]
        head = f"{self.asked.name(name + '_')}: {name}{self.arguments(chosen.args)}"
        inner = get_named_type(chosen.type)
        if not is_composite_type(inner):
            plain = name if not chosen.args and self.chance(2) else head
            return f"{plain}{self.directive()}"
        below = lists + ("first" in chosen.args)
        said = f"{head}{self.directive()} {self.selection(inner, depth + 1, below)}"
        if self.chance(8):  # the same field again: the two are merged
            said += f" {head} {self.selection(inner, depth + 1, below)}"
        return said

    def question(self) -> Asked:
        root: Any = CONTRACT.query_type
        body = self.selection(root, 0, 0)
        declared = f"({', '.join(self.asked.declared)})" if self.asked.declared else ""
        self.asked.text = " ".join([f"query Q{declared} {body}", *self.asked.fragments])
        return self.asked


@st.composite
def fair_questions(draw: st.DrawFn, known: dict[str, list[str]]) -> Asked:
    """A document with its variables."""
    return Asking(draw, known).question()
