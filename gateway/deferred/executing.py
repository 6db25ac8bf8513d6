"""Running an operation in parts: what is not deferred first, then the rest as it is found.

The parts are as graphql-core gives them (`pending`, `incremental`, `completed`, `hasNext`), which
is what Apollo calls `incrementalSpec=v0.2`.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from graphql import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLError,
    GraphQLObjectType,
    InitialIncrementalExecutionResult,
    experimental_execute_incrementally,
)
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from graphql.execution.incremental.incremental_executor import DeliveryGroupMap, IncrementalExecutor
from graphql.pyutils import AwaitableOrValue, Path, RefMap

from gateway.completing import is_awaitable
from gateway.documents import CONTRACT, MOST_ERRORS, Operation, Prepared
from gateway.execution import Answer, told
from gateway.refusals import codes
from resolvers.context import Context

MOST_FRAGMENTS = 500  # that may follow in one answer: in a list, each of its objects has its own
WHOLE: DeliveryGroupMap = RefMap()

Part = dict[str, Any]
"""One part as JSON: `data` and `pending` in the first, `incremental` and `completed` in others."""


class Incremental(IncrementalExecutor):
    """Defers until so many fragments are to follow; objects after that come whole, at once.

    The specification leaves that to the server. Each fragment that follows takes some 50 µs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._left = [MOST_FRAGMENTS]  # one list for this executor and the copies it makes

    def execute_collected_subfields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path,
        grouped_field_set: GroupedFieldSet,
        new_defer_usages: Sequence[DeferUsage],
        delivery_group_map: DeliveryGroupMap | None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        whole = delivery_group_map is WHOLE or len(new_defer_usages) > self._left[0]
        if whole:
            return self.execute_fields(parent_type, source_value, path, grouped_field_set, WHOLE)
        self._left[0] -= len(new_defer_usages)
        return super().execute_collected_subfields(
            parent_type,
            source_value,
            path,
            grouped_field_set,
            new_defer_usages,
            delivery_group_map,
        )


class InParts:
    """One operation of a query, answered in parts; its errors are masked as those of any other.

    `codes` are those of the errors that were told so far.
    """

    def __init__(
        self,
        prepared: Prepared,
        operation: Operation,
        context: Context | None,
        *,
        suggestions: bool,
    ) -> None:
        self.codes: tuple[str, ...] = ()
        self._prepared = prepared
        self._operation = operation
        self._context = context
        self._suggestions = suggestions
        self._results: ExperimentalIncrementalExecutionResults | None = None
        self._waiting: set[str] = set()  # the ids of what was announced and has not come

    @property
    def statements(self) -> int:
        return self._context.reader.statements if self._context else 0

    async def first(self) -> Part | Answer:
        """The first part; or the whole answer, where nothing of it is left to follow."""
        found: Any = experimental_execute_incrementally(
            CONTRACT,
            self._prepared.document,
            context_value=self._context,
            variable_values=dict(self._operation.variables),
            operation_name=self._operation.name,
            executor_class=Incremental,
            is_awaitable=is_awaitable,
            hide_suggestions=not self._suggestions,
            max_coercion_errors=MOST_ERRORS if self._suggestions else 1,
        )
        if is_awaitable(found):
            found = await found
        if isinstance(found, ExecutionResult):
            shown = ExecutionResult(found.data, self._shown(found.errors))
            return Answer(shown, "reference", self.statements)
        self._results = found
        first: InitialIncrementalExecutionResult = found.initial_result
        first.errors = self._shown(first.errors)
        self._waiting.update(each.id for each in first.pending)
        return dict(first.formatted)

    async def rest(self) -> AsyncGenerator[Part]:
        """The other parts, as they are found; the last one says so."""
        assert self._results is not None  # noqa: S101 - the first part came before
        async with aclosing(self._results.subsequent_results) as results:
            async for each in results:
                self._waiting.update(one.id for one in each.pending or ())
                for done in each.completed or ():
                    done.errors = self._shown(done.errors)
                    self._waiting.discard(done.id)
                for come in each.incremental or ():
                    come.errors = self._shown(come.errors)
                yield dict(each.formatted)

    def given_up(self, error: GraphQLError) -> Part:
        """The last part, where what was announced will not come."""
        self._shown([error])
        failed = [{"id": id, "errors": [error.formatted]} for id in sorted(self._waiting, key=int)]
        return {"hasNext": False, "completed": failed}

    def stop(self) -> None:
        """Call off what is still being read."""
        if self._context is not None:
            self._context.reader.stop()

    def _shown(self, errors: Sequence[GraphQLError] | None) -> list[GraphQLError] | None:
        """The errors as a client may see them."""
        if not errors:
            return None
        request_id = self._context.request_id if self._context else ""
        shown = [told(error, request_id, explains=self._suggestions) for error in errors]
        self.codes = tuple(dict.fromkeys((*self.codes, *codes(shown))))
        return shown
