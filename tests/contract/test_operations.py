"""The catalogue of operations."""

from __future__ import annotations

import pytest

from debugger.contract.operations import CATALOG, Group, Operation, get, grouped, match


def test_there_are_twenty_operations_with_ids_of_their_own() -> None:
    assert len({operation.id for operation in CATALOG}) == len(CATALOG) == 20


def test_only_the_catalogue_and_the_contract_are_public() -> None:
    public = [operation.id for operation in CATALOG if operation.scope is None]
    assert public == ["models.list", "openapi.retrieve"]


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_an_operation_is_found_by_its_id_and_by_its_address(operation: Operation) -> None:
    assert get(operation.id) is operation
    names = list(operation.pattern.groupindex)
    path = operation.path
    for name in names:
        path = path.replace(f"{{{name}}}", "abc%2Fdef")
    assert match(operation.method.lower(), path) == (operation, dict.fromkeys(names, "abc%2Fdef"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/generations"),
        ("DELETE", "/api/v1/models"),
        ("GET", "/api/v1/generations/a/b"),
        ("GET", "/api/v1/generations/"),
        ("GET", "/api/v1/models/"),
        ("GET", "/api/v1/models\n"),
        ("GET", "/api/v2/models"),
        ("GET", "/api/v1/openapi-json"),
        ("GET", "/"),
        ("", ""),
    ],
)
def test_anything_else_is_no_operation(method: str, path: str) -> None:
    assert match(method, path) is None


def test_every_group_has_operations_in_documentation_order() -> None:
    groups = grouped()
    assert list(groups) == list(Group)
    assert sum(len(operations) for operations in groups.values()) == 20
    assert all(groups.values())


def test_every_text_is_a_sentence() -> None:
    for operation in CATALOG:
        assert operation.summary.endswith("."), operation.id
        assert operation.help.endswith("."), operation.id
        for parameter in (*operation.path_params, *operation.query_params):
            assert parameter.help.endswith("."), parameter.name
