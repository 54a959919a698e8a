"""Which chat turns are accepted, and with which code the others are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from debugger.contract import catalog
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.catalog import Model
from debugger.contract.rules.generations import trace_problems
from debugger.contract.schemas import Problem, validate

VALIDATION: Final = "validation_failed"
MODEL: Final = "chat_model_not_supported"
ATTACHMENT: Final = "chat_attachment_not_supported"
_ORDER: Final = (VALIDATION, MODEL, ATTACHMENT)


class ChatProblem(NamedTuple):
    """A problem and the error code that answers it."""

    code: str
    problem: Problem


def chat_problems(body: object, *, assumptions: Assumptions = DEFAULTS) -> list[ChatProblem]:
    """What is wrong with the body of a chat turn, the code that would be answered first.

    Whether the session exists and whether a file is an image of this account is not known here.
    """
    found = set(_schema_problems(body))
    if isinstance(body, dict):
        found.update(_body_problems(body, assumptions))
        found.update(_model_problems(body, assumptions))
    return sorted(found, key=lambda item: (_ORDER.index(item.code), item.problem))


def _schema_problems(body: object) -> Iterator[ChatProblem]:
    for problem in validate("PublicApiChatCompletionCreate", body):
        inside = problem.pointer.startswith("/attachments/")
        yield ChatProblem(ATTACHMENT if inside else VALIDATION, problem)


def _body_problems(body: Mapping[str, Any], assumptions: Assumptions) -> Iterator[ChatProblem]:
    for problem in trace_problems(body, assumptions):
        yield ChatProblem(VALIDATION, problem)
    if "messages" in body:
        words = "is not accepted; history is kept by Rivya, send one message"
        yield ChatProblem(VALIDATION, Problem("/messages", words))
    message = body.get("message")
    if isinstance(message, str) and not message.strip():
        yield ChatProblem(VALIDATION, Problem("/message", "must not be empty"))
    attachments, most = body.get("attachments"), assumptions.chat_attachments_max
    if isinstance(attachments, list) and len(attachments) > most:
        words = f"must have at most {most} entries"
        yield ChatProblem(VALIDATION, Problem("/attachments", words))


def _model_problems(body: Mapping[str, Any], assumptions: Assumptions) -> Iterator[ChatProblem]:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        return
    model = catalog.get(name)
    if model is None or not model.is_chat or not model.available:
        words = "is not a known model" if model is None else "is not a chat model"
        yield ChatProblem(MODEL, Problem("/model", words))
        return
    message, longest = body.get("message"), model.max_prompt_length
    if isinstance(message, str) and longest is not None and len(message) > longest:
        words = f"must have at most {longest} characters"
        yield ChatProblem(VALIDATION, Problem("/message", words))
    if body.get("attachments") and "image" not in model.file_kinds:
        words = "is not accepted: this model reads no images"
        yield ChatProblem(ATTACHMENT, Problem("/attachments", words))
    if assumptions.chat_unsupported_option == "reject":
        yield from _option_problems(body, model)


def _option_problems(body: Mapping[str, Any], model: Model) -> Iterator[ChatProblem]:
    """Options that the model is known not to support; what is not known is let through."""
    able = model.chat_capabilities
    if able is None:
        return
    words = "is not supported by this model"
    if body.get("enable_web_search") is True and able.web_search is False:
        yield ChatProblem(VALIDATION, Problem("/enable_web_search", words))
    if body.get("include_thoughts") is True and able.thoughts is False:
        yield ChatProblem(VALIDATION, Problem("/include_thoughts", words))
    effort, known = body.get("reasoning_effort"), able.reasoning_efforts
    if isinstance(effort, str) and known is not None and effort not in ("default", *known):
        yield ChatProblem(VALIDATION, Problem("/reasoning_effort", words))
