"""The GraphQL endpoint: documents in, answers out, with W&B's habits about statuses.

A document that the schema does not allow gets 400 (the client does not retry), an error inside a resolver 200
with `errors`, and a heartbeat of an unknown agent 404, since agents look at the status alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from starlette.responses import Response

from sweepyard import jsonvalue
from sweepyard.errors import NotFound, RequestInvalid, StorageAway, StorageError, StorageFull, SweepyardError, Violation
from sweepyard.hub.wandb_api.context import Context
from sweepyard.hub.wandb_api.inputs import prune
from sweepyard.hub.wandb_api.limits import (
    MAX_COST,
    MAX_LIST_ITEMS,
    MAX_TOKENS,
    NO_NUL,
    TooCostly,
    faults_of,
    holds_nul,
    longest_list,
)
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.web.problems import Json, error_entries, problem, status_of

log = logging.getLogger(__name__)

_MAX_ERRORS = 20
_CACHED_DOCUMENTS = 512
_LONGEST_CACHED = 16_384  # characters; eight times the client's longest
_STATUS_WHEN_NOT_FOUND = {"agentHeartbeat": 404}


class GraphQL:
    """Parses, checks and executes documents. Thread-safe."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        # Clients send the same few documents again and again.
        self._checked = lru_cache(maxsize=_CACHED_DOCUMENTS)(self._check)

    def answer(self, body: bytes, context: Context) -> Response:
        """The response to a request's body.

        Args:
            body: JSON with `query`, and perhaps `variables` and `operationName` (where "" means none).
            context: Who asks, and what answers.
        """
        try:
            query, variables, operation_name = _read(body)
        except RequestInvalid as error:
            return problem(error)
        document, errors = (self._checked if len(query) <= _LONGEST_CACHED else self._check)(query)
        if document is None:
            return _refused(errors)
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            return _refused([GraphQLError("`operationName` must name one of the document's operations")])
        return self._execute(document, operation, variables, context)

    def _check(self, query: str) -> tuple[DocumentNode | None, Sequence[GraphQLError]]:
        try:
            document = parse(query, max_tokens=MAX_TOKENS)
            faults = faults_of(document)
            if faults:
                return None, [GraphQLError(fault) for fault in faults]
            errors = validate(self._schema, document, max_errors=_MAX_ERRORS)
        except GraphQLError as error:
            return None, [error]
        except RecursionError:
            return None, [GraphQLError("the document is nested too deeply")]
        return (None, errors) if errors else (document, [])

    def _execute(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: JsonObject, context: Context
    ) -> Response:
        pruned = prune(self._schema, operation, variables)
        for path in pruned.unknown:
            log.warning("%s brings %s, which this hub does not serve", _name_of(operation), path)
        try:
            result = execute_sync(
                self._schema,
                document,
                context_value=context,
                variable_values=pruned.variables,
                operation_name=operation.name.value if operation.name else None,
            )
        except TooCostly:
            rule = f"an answer costs at most {MAX_COST:,} (a value costs 1, a run's history 500): ask for it in pages"
            return _refused([GraphQLError(f"{_name_of(operation)}: {rule}")])
        return _response(result, operation)


def _read(body: bytes) -> tuple[str, JsonObject, str | None]:
    try:
        request = jsonvalue.loads_object(body)
    except ValueError as error:
        raise RequestInvalid([Violation("a GraphQL request is a JSON object", str(error))]) from error
    query, variables, name = request.get("query"), request.get("variables"), request.get("operationName") or None
    variables = {} if variables is None else variables
    violations = []
    if not isinstance(query, str):
        violations.append(Violation("`query` is a text", _kind(query)))
    if not isinstance(variables, dict):
        violations.append(Violation("`variables` is an object", _kind(variables)))
    if not isinstance(name, str | None):
        violations.append(Violation("`operationName` is a text", _kind(name)))
    longest = longest_list(variables)
    if longest > MAX_LIST_ITEMS:
        violations.append(Violation(f"a list in `variables` has at most {MAX_LIST_ITEMS:,} items", f"{longest:,}"))
    if isinstance(variables, dict):
        violations += [
            Violation(NO_NUL, jsonvalue.dumps(value)[:200], where=f"${variable}")
            for variable, value in variables.items()
            if holds_nul(value)
        ]
    if violations or not isinstance(query, str) or not isinstance(variables, dict) or not isinstance(name, str | None):
        raise RequestInvalid(violations)
    return query, variables, name


def _response(result: ExecutionResult, operation: OperationDefinitionNode) -> Response:
    body: JsonObject = {"data": result.data}
    status = 200
    if result.errors:
        entries: list[JsonValue] = []
        for error in result.errors:
            entries.extend(_entries(error, operation))
            status = _status(error, status)
        body["errors"] = entries
    try:
        # A chart is 50,000 numbers: the standard library would take longer over them than everything before.
        # NaN, which msgspec would not refuse, is in no answer: `schema` makes texts of it.
        return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
    except UnicodeEncodeError:
        return Json(body, status_code=status)


def _entries(error: GraphQLError, operation: OperationDefinitionNode) -> list[JsonObject]:
    """The error as entries of `errors`; what we did not mean to raise is logged and not told."""
    cause = error.original_error
    place: JsonObject = {"path": list(error.path)} if error.path else {}
    if isinstance(cause, StorageError):
        log.error("%s failed at %s: %s", _name_of(operation), error.path, cause)
    if isinstance(cause, SweepyardError):
        return [{**entry, **place} for entry in error_entries(cause)]
    if cause is None or isinstance(cause, GraphQLError):
        log.warning("%s is refused: %s", _name_of(operation), error.message)
        return [{"message": error.message, "code": "invalid", **place}]
    log.error("%s failed at %s", _name_of(operation), error.path, exc_info=cause)
    return [{"message": "the hub failed at this; its log says how", "code": "internal", **place}]


def _status(error: GraphQLError, status: int) -> int:
    if isinstance(error.original_error, StorageFull | StorageAway):
        return status_of(error.original_error)  # The client comes again with what it gets no 200 for.
    if isinstance(error.original_error, NotFound) and error.nodes and error.path and len(error.path) == 1:
        field = getattr(error.nodes[0], "name", None)
        return _STATUS_WHEN_NOT_FOUND.get(field.value if field else "", status)
    # Without a path, the variables did not fit the document: nothing was executed.
    return status if error.path else 400


def _refused(errors: Sequence[GraphQLError]) -> Response:
    for error in errors:
        log.warning("a document is not served: %s", error.message)
    entries = [{"message": error.message, "code": "invalid"} for error in errors]
    return Json({"errors": entries}, status_code=400)


def _name_of(operation: OperationDefinitionNode) -> str:
    return operation.name.value if operation.name else f"an unnamed {operation.operation.value}"


def _kind(value: JsonValue) -> str:
    return type(value).__name__
