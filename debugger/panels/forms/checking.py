"""What is wrong with a draft before it is sent: the contract's rules, at the form's places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from debugger.contract import rules, schemas, webhooks
from debugger.contract.operations import Kind, Operation, Parameter
from debugger.contract.schemas import Problem
from debugger.panels.draft import Draft
from debugger.panels.forms.shape import GENERATION
from debugger.panels.forms.values import number_of

_IDEMPOTENCY: Final = "idempotency-key"
_TOKEN_MARKS: Final = frozenset("!#$%&'*+-.^_`|~")


def check(operation: Operation, draft: Draft) -> tuple[Problem, ...]:
    """Everything that is wrong, in the order of the form; never raises.

    Pointers are JSON pointers into the body, or "path/taskId", "query/limit", "headers/<name>".
    A problem does not forbid sending: sending a wrong request on purpose is what a debugger is
    for, and mock mode answers with the API's own error.
    """
    return (
        *_path_problems(operation, draft),
        *_query_problems(operation, draft),
        *_header_problems(draft),
        *_text_problems(draft),
        *body_problems(operation, draft.body),
    )


def body_problems(operation: Operation, body: Any) -> list[Problem]:
    """What the contract finds wrong with a body."""
    if operation.request is None:
        return []
    if operation.id == GENERATION:
        return rules.generation_problems(body)
    if operation.id in ("chat.create", "chat.stream"):
        return list(dict.fromkeys(each.problem for each in rules.chat_problems(body)))
    if operation.kind is Kind.UPLOAD:
        return _upload_problems(operation.request, body)
    if body is None and _may_be_absent(operation):
        return []
    return [*schemas.validate(operation.request, body), *_url_problems(body)]


def _may_be_absent(operation: Operation) -> bool:
    return operation.id == "webhooks.test"


def _upload_problems(component: str, body: Any) -> list[Problem]:
    """The form's fields; size and bytes are judged where the file is."""
    if not isinstance(body, Mapping):
        return schemas.validate(component, body)
    kind, model = body.get("kind"), body.get("model")
    found = set(schemas.validate(component, body))
    # A size and a type that fit stand in for a file that is not here yet.
    found.update(
        each
        for each in rules.file_problems(kind, size=1, detected_mime=None, model=model)
        if each.pointer in ("/model", "/kind") and each.pointer.removeprefix("/") in body
    )
    if not body.get("file"):
        found = {each for each in found if each.pointer != "/file"}
        found.add(Problem("/file", _("must be chosen first")))
    return sorted(found)


def _url_problems(body: Any) -> Iterator[Problem]:
    url = body.get("url") if isinstance(body, Mapping) else None
    if isinstance(url, str) and url and (trouble := webhooks.url_problem(url)):
        yield Problem("/url", trouble)


def _text_problems(draft: Draft) -> Iterator[Problem]:
    if trouble := draft.trouble():
        place = {"line": trouble.line, "column": trouble.column, "message": trouble.message}
        yield Problem("", _("Line %(line)d, column %(column)d: %(message)s") % place)


def _path_problems(operation: Operation, draft: Draft) -> Iterator[Problem]:
    for parameter in operation.path_params:
        if not draft.path.get(parameter.name, "").strip():
            yield Problem(f"path/{parameter.name}", _("must not be empty"))


def _query_problems(operation: Operation, draft: Draft) -> Iterator[Problem]:
    for parameter in operation.query_params:
        if parameter.name in draft.query and parameter.type == "integer":
            message = _integer_trouble(draft.query[parameter.name], parameter)
            if message:
                yield Problem(f"query/{parameter.name}", message)


def _integer_trouble(text: str, parameter: Parameter) -> str:
    value = number_of(text)
    if not isinstance(value, int):
        return _("must be a whole number")
    if parameter.minimum is not None and value < parameter.minimum:
        return _("must be %(low)d or more") % {"low": parameter.minimum}
    if parameter.maximum is not None and value > parameter.maximum:
        return _("must be %(high)d or less") % {"high": parameter.maximum}
    return ""


def _header_problems(draft: Draft) -> Iterator[Problem]:
    for name, value in draft.headers.items():
        if message := _header_trouble(name, value):
            yield Problem(f"headers/{name}", message)


def _header_trouble(name: str, value: str) -> str:
    if not name:
        return _("needs a name")
    if not all(mark in _TOKEN_MARKS or (mark.isascii() and mark.isalnum()) for mark in name):
        return _("has a character in its name that no header may have")
    if any((ord(mark) < 32 and mark != "\t") or ord(mark) == 127 for mark in value):
        return _("must not contain line breaks or control characters")
    if not value.isascii():
        return _("must be plain ASCII: other characters arrive differently at every server")
    if name.lower() == _IDEMPOTENCY and not 1 <= len(value) <= 255:
        return _("must have 1 to 255 characters")
    return ""
