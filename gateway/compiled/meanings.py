"""What the variables of an operation come to: coerced once for those that are asked again."""

from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from graphql.execution import VariableValues, get_variable_values

from gateway.compiled.examples import CONTRACT

MOST = 1_000  # of one document
LONG = 200  # bytes of variables


@dataclass(eq=False, slots=True)
class Coerced:
    """Variables that fit, and what arguments and pages came to by them: nobody changes these.

    The arguments and pages are a plan's, and go with it.
    """

    variables: VariableValues
    given: MutableMapping[Any, dict[str, Any]] = field(default_factory=WeakKeyDictionary)
    windows: MutableMapping[Any, Any] = field(default_factory=WeakKeyDictionary)


class Meanings:
    """Of documents that are trusted, which are few and stay, what was asked last is remembered."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, OrderedDict[bytes, Coerced]] = WeakKeyDictionary()

    def trust(self, prepared: Any) -> None:
        self._known.setdefault(prepared, OrderedDict())

    def of(self, prepared: Any, variables: Mapping[str, Any]) -> Coerced | None:
        """What they come to; None where they do not fit."""
        known = self._known.get(prepared)
        if known is None:
            return _coerced(prepared, variables)
        try:
            told = orjson.dumps(variables)  # 1 and 1.0 and true are different texts
        except TypeError:  # nested without end
            return _coerced(prepared, variables)
        found = known.get(told)
        if found is not None:
            known.move_to_end(told)
            return found
        found = _coerced(prepared, variables)
        if found is not None and len(told) <= LONG:
            known[told] = found
            if len(known) > MOST:
                known.popitem(last=False)
        return found


def _coerced(prepared: Any, variables: Mapping[str, Any]) -> Coerced | None:
    definitions = prepared.node.variable_definitions or ()
    found = get_variable_values(CONTRACT, definitions, dict(variables))
    return None if isinstance(found, list) else Coerced(found)
