"""The 20 operations of the Rivya API v1: what each is called, where it lives, what it needs."""

from __future__ import annotations

from functools import cache

from debugger.contract.operations.shape import PREFIX, Group, Kind, Operation, Parameter, Scope
from debugger.contract.operations.table import AUTH_ERRORS, CATALOG, ENDPOINT_ID, LIST_PARAMS

__all__ = [
    "AUTH_ERRORS",
    "CATALOG",
    "ENDPOINT_ID",
    "LIST_PARAMS",
    "PREFIX",
    "Group",
    "Kind",
    "Operation",
    "Parameter",
    "Scope",
    "get",
    "grouped",
    "match",
]


@cache
def _by_id() -> dict[str, Operation]:
    return {operation.id: operation for operation in CATALOG}


def get(operation_id: str) -> Operation:
    """The operation with this id; KeyError when there is none."""
    return _by_id()[operation_id]


def match(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that serves a request, with its path parameters (still percent-encoded)."""
    for operation in CATALOG:
        if operation.method == method.upper() and (found := operation.pattern.match(path)):
            return operation, found.groupdict()
    return None


def grouped() -> dict[Group, list[Operation]]:
    """Every operation under its group, both in documentation order."""
    groups: dict[Group, list[Operation]] = {group: [] for group in Group}
    for operation in CATALOG:
        groups[operation.group].append(operation)
    return groups
