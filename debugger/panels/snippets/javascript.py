"""The request in JavaScript with fetch, and in TypeScript with the SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from debugger.panels.jsontext import write_json
from debugger.panels.literals import JAVASCRIPT, exact_in_javascript, literal, text
from debugger.panels.snippets.source import Source

SDK_HOST: Final = "rivya.ai"
_KEY: Final = "`Bearer ${process.env.RIVYA_API_KEY}`"
# The documentation shows three methods; the other names are ours until a page shows them.
_SHOWN: Final = frozenset({"models.list", "generations.create", "generations.retrieve"})
_METHODS: Final[Mapping[str, str]] = {
    "chat.create": "chat.completions.create",
    "chat.stream": "chat.completions.stream",
    "webhooks.rotate_secret": "webhooks.rotateSecret",
    "webhooks.deliveries": "webhooks.listDeliveries",
    "webhook_events.list": "webhookEvents.list",
}
_WITHOUT_METHOD: Final = frozenset({"openapi.retrieve"})


def fetch(source: Source) -> str:
    """For Node 20 and later, as a module."""
    lines = [*_file_import(source), *_form(source), *_fetch_call(source)]
    if source.streams:
        lines += [
            "for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {",
            "  process.stdout.write(piece);",
            "}",
        ]
    else:
        lines.append("console.log(response.status, await response.text());")
    return "\n".join(lines) + "\n"


def _file_import(source: Source) -> list[str]:
    return ['import { openAsBlob } from "node:fs";', ""] if source.file is not None else []


def _form(source: Source) -> Iterator[str]:
    if source.file is None:
        return
    yield "const form = new FormData();"
    for name, value in source.fields.items():
        yield f"form.set({text(name)}, {text(value)});"
    name = text(source.file.name)
    yield f'form.set("file", {_blob(source)}, {name});'
    yield ""


def _blob(source: Source) -> str:
    assert source.file is not None  # noqa: S101 - the callers looked.
    return f"await openAsBlob({text(source.file.name)}, {{ type: {text(source.file.mime)} }})"


def _fetch_call(source: Source) -> list[str]:
    options = [f"  method: {text(source.method)}," if source.method != "GET" else ""]
    key = [f"    Authorization: {_KEY},"] if source.with_key else []
    headers = [f"    {text(name)}: {text(value)}," for name, value in source.headers]
    if key or headers:
        options += ["  headers: {", *key, *headers, "  },"]
    options += [f"  body: {body}," for body in _fetch_body(source)]
    options = [line for line in options if line]
    if not options:
        return [f"const response = await fetch({text(source.url)});"]
    return [f"const response = await fetch({text(source.url)}, {{", *options, "});"]


def _fetch_body(source: Source) -> Iterator[str]:
    if source.file is not None:
        yield "form"
    elif source.raw is not None:
        yield text(source.raw)
    elif source.has_body and exact_in_javascript(source.body):
        yield f"JSON.stringify({literal(source.body, JAVASCRIPT, depth=1)})"
    elif source.has_body:
        # JavaScript would round an integer above 2**53, so the text is sent as it is.
        yield text(write_json(source.body, indent=None))


def sdk(source: Source) -> str:
    """The SDK's form. What no page shows is said in a comment, never left to be believed."""
    if source.operation.id in _WITHOUT_METHOD:
        return (
            "// "
            + _("The SDK has no method for this: here it is with fetch.")
            + "\n\n"
            + fetch(source)
        )
    if source.raw is not None or not exact_in_javascript(source.body):
        return (
            "// "
            + _("The SDK cannot send this body as it is: here it is with fetch.")
            + "\n\n"
            + fetch(source)
        )
    lines = [*_sdk_imports(source), *(f"// {line}" for line in _remarks(source))]
    lines += ["const client = new RivyaClient({ apiKey: process.env.RIVYA_API_KEY });", ""]
    call = f"client.{_method(source)}({_sdk_arguments(source)})"
    if source.streams:
        lines += [f"for await (const event of await {call}) {{", "  console.log(event);", "}"]
    else:
        lines += [f"const answer = await {call};", "console.log(answer);"]
    return "\n".join(lines) + "\n"


def _sdk_imports(source: Source) -> list[str]:
    file = ['import { openAsBlob } from "node:fs";'] if source.file is not None else []
    return [*file, 'import { RivyaClient } from "@rivya/sdk";', ""]


def _method(source: Source) -> str:
    return _METHODS.get(source.operation.id, source.operation.id)


def _remarks(source: Source) -> Iterator[str]:
    yield _("The SDK is a private beta: it comes from the product's repository, not from npm.")
    if source.operation.id not in _SHOWN:
        yield _("Assumed: no page shows the name of this method.")
    if urlsplit(source.url).hostname != SDK_HOST:
        yield _("The SDK calls https://rivya.ai: how to point it elsewhere is not documented.")
    extra = [name for name, _value in source.without(*_COVERED)]
    if extra:
        yield _("Not sent by the SDK: %(names)s.") % {"names": ", ".join(extra)}


_COVERED: Final = ("content-type", "accept", "idempotency-key")


def _sdk_arguments(source: Source) -> str:
    ids = [text(source.draft.path[each.name]) for each in source.operation.path_params]
    arguments = [*ids, *_sdk_body(source), *_sdk_query(source)]
    key = next((value for name, value in source.headers if name.lower() == "idempotency-key"), "")
    if key:
        arguments.append(f"{{ idempotencyKey: {text(key)} }}")
    return ", ".join(arguments)


def _sdk_body(source: Source) -> Iterator[str]:
    if source.file is not None:
        fields: list[Any] = [
            f"  {text(name)}: {text(value)},\n" for name, value in source.fields.items()
        ]
        yield "{\n" + f"  file: {_blob(source)},\n" + "".join(fields) + "}"
    elif source.has_body:
        yield literal(source.body, JAVASCRIPT)


def _sdk_query(source: Source) -> Iterator[str]:
    if source.draft.query:
        yield literal(dict(source.draft.query), JAVASCRIPT)
